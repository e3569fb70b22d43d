// The project as a whole, for CloudFormation: what is left out gets its default, where UpdateProject keeps
// what was.
#pragma once

#include "services/codebuild/rows.h"

namespace berth::codebuild {

Result<> replace_project(Context& context, const CreateProjectInput& input);

}  // namespace berth::codebuild
