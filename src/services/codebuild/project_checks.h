// What a project's source, environment, artifacts and cache must be, in AWS's words, and what of it berth
// refuses by name. The same holds for what StartBuild gives instead.
#pragma once

#include "services/codebuild/rows.h"

namespace berth::codebuild {

Result<> check_project(const Context& context, const Project& project);

}  // namespace berth::codebuild
