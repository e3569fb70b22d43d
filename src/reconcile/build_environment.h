// What a build's commands find in their environment: CodeBuild's own variables and those of project, call and
// buildspec, parameters resolved.
#pragma once

#include <map>
#include <string>

#include "control/buildspec.h"
#include "services/codebuild/rows.h"

namespace berth::reconcile {

// AWS: a call's and the project's variables win over the buildspec's. The error says which parameter is
// missing.
Result<std::map<std::string, std::string>> build_variables(const Store& store, const codebuild::BuildRow& row,
                                                           const control::Buildspec& spec);

std::map<std::string, std::string> codebuild_variables(const Settings& settings,
                                                       const codebuild::BuildRow& row,
                                                       const std::string& source_folder);

}  // namespace berth::reconcile
