// The Podman service that berth starts when no engine listens: its settings, its start and its end. Blocking;
// meant for Loop::offload.
#pragma once

#include <string>

#include "base/result.h"

namespace berth::host {

// The settings file: what Podman's own defaults get wrong for tasks (see the .cpp). `runtime` may be empty.
std::string podman_settings(const std::string& runtime);

// Starts the service in a session of its own; it outlives this process.
Result<> start_podman_service(const std::string& data_dir, const std::string& socket);

// Ends the service started from this data folder, if it still runs. Containers go on; their monitors still
// read the settings when a container ends.
void stop_podman_service(const std::string& socket);

// The same when no container is left: its files go too.
void remove_podman_service(const std::string& data_dir, const std::string& socket);

}  // namespace berth::host
