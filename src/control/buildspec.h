// A build's instructions (buildspec version 0.2) read from YAML: a pure function, with AWS's words for what
// is wrong and the line where it is. What the commands do is not looked at.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::control {

struct BuildspecPhase {
  std::vector<std::string> commands;
  std::vector<std::string> at_end;  // `finally`
  bool continues_on_failure = false;
  bool aborts_on_failure = false;  // neither: as AWS's phases follow each other
};

struct BuildspecArtifacts {
  std::vector<std::string> files;
  std::string base_directory;
  std::string name;
  bool discards_paths = false;
};

struct Buildspec {
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> parameters;  // variable -> parameter's name
  std::map<std::string, std::string> secrets;     // variable -> secret's id
  std::vector<std::string> exported_variables;
  std::map<std::string, BuildspecPhase, std::less<>>
      phases;  // by "INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"
  std::optional<BuildspecArtifacts> artifacts;
  std::vector<std::string> cached_paths;

  const BuildspecPhase* phase(std::string_view name) const {
    const auto found = phases.find(name);
    return found == phases.end() ? nullptr : &found->second;
  }
};

// The error's code is YAML_FILE_ERROR.
Result<Buildspec> parse_buildspec(std::string_view text);

// Whether a project's `buildspec` is the text itself; else it is the name of a file.
bool is_inline_buildspec(std::string_view buildspec);

}  // namespace berth::control
