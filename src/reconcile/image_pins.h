// Which image a service's containers are held to: the first task of a service revision to find the images
// behind their names settles them for the tasks that follow, as ECS does for containers whose
// versionConsistency is not disabled. Tasks that no service started take what the name stands for.
#pragma once

#include <string>

#include "services/ecs/rows.h"

namespace berth::reconcile {

// Keeps the digests of the task's images in its service revision, where there are none yet. Inside a
// transaction.
void keep_image_digests(Store& store, const ecs::TaskRow& task);

// Empty: none is settled.
std::string settled_digest(const Store& store, const ecs::TaskRow& task, const std::string& container);

}  // namespace berth::reconcile
