#include "reconcile/image_pins.h"

#include <algorithm>

#include "services/lists.h"

namespace berth::reconcile {
namespace {

const ecs::ServiceRevisionRow* revision_of(const Store& store, const ecs::TaskRow& task) {
  if (task.service.empty()) return nullptr;
  const auto* service = store.find<ecs::ServiceRow>(task.cluster + "/" + task.service);
  if (!service) return nullptr;
  const auto& deployments = service->deployments;
  const auto found = std::find_if(deployments.begin(), deployments.end(),
                                  [&](const auto& state) { return state.id == task.deployment; });
  return found == deployments.end() ? nullptr : store.find<ecs::ServiceRevisionRow>(found->revision_arn);
}

bool is_held(const ecs::TaskDefinitionRow& definition, const std::string& container) {
  for (const auto& one : services::list_of(definition.definition.container_definitions)) {
    if (one.name == container) return one.version_consistency != "disabled";
  }
  return false;
}

const ecs::ContainerImage* image_of(const ecs::ServiceRevisionRow& revision, const std::string& container) {
  for (const auto& image : services::list_of(revision.description.container_images)) {
    if (image.container_name == container) return &image;
  }
  return nullptr;
}

}  // namespace

void keep_image_digests(Store& store, const ecs::TaskRow& task) {
  const auto* revision = revision_of(store, task);
  const auto* definition = store.find<ecs::TaskDefinitionRow>(task.task_definition);
  if (!revision || !definition) return;
  for (const auto& container : task.containers) {
    if (container.image_digest.empty() || image_of(*revision, container.name)) continue;
    if (!is_held(*definition, container.name)) continue;
    auto& images = store.edit<ecs::ServiceRevisionRow>(revision->arn)->description.container_images;
    if (!images) images.emplace();
    images->push_back(
        {.container_name = container.name, .image_digest = container.image_digest, .image = container.image});
  }
}

std::string settled_digest(const Store& store, const ecs::TaskRow& task, const std::string& container) {
  const auto* revision = revision_of(store, task);
  const auto* image = revision ? image_of(*revision, container) : nullptr;
  return image ? image->image_digest.value_or("") : "";
}

}  // namespace berth::reconcile
