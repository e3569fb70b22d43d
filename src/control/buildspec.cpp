#include "control/buildspec.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <set>

namespace berth::control {
namespace {

constexpr std::size_t text_bytes_max = 1u << 20;
constexpr std::size_t nesting_max = 64;  // yaml-cpp recurses

struct PhaseName {
  std::string_view in_file, of_build;
};
constexpr std::array phase_names{PhaseName{"install", "INSTALL"}, PhaseName{"pre_build", "PRE_BUILD"},
                                 PhaseName{"build", "BUILD"}, PhaseName{"post_build", "POST_BUILD"}};

// Leaves the reader; never the file.
struct Mistake {
  std::string message;
};

int line_of(const YAML::Node& node) {
  return std::max(0, node.Mark().line) + 1;
}

[[noreturn]] void refuse(const std::string& what, const YAML::Node& node) {
  throw Mistake{fmt::format("{} at line {}", what, line_of(node))};
}

// Deeper nesting than any buildspec has would use up the stack.
void check_nesting(std::string_view text) {
  std::size_t open = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++open;
    if (c == ']' || c == '}') open -= open > 0 ? 1 : 0;
    if (open > nesting_max) throw Mistake{"the file is nested too deeply"};
  }
  std::size_t indented_lists = 0, run = 0;
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    run = text[i] == '-' && text[i + 1] == ' ' ? run + 1 : text[i] == '\n' ? 0 : run;
    indented_lists = std::max(indented_lists, run);
  }
  if (indented_lists > nesting_max) throw Mistake{"the file is nested too deeply"};
  std::size_t indent = 0, deepest = 0;
  bool at_start = true;
  for (const char c : text) {
    if (c == '\n') {
      at_start = true;
      indent = 0;
    } else if (at_start && c == ' ') {
      ++indent;
    } else if (at_start) {
      at_start = false;
      deepest = std::max(deepest, indent);
    }
  }
  if (deepest > 16 * nesting_max) throw Mistake{"the file is nested too deeply"};
}

class Reader {
 public:
  Buildspec read(const YAML::Node& root) {
    if (!root.IsDefined() || root.IsNull()) throw Mistake{"the buildspec file is empty"};
    expect_map(root, "buildspec");
    check_version(root["version"]);
    if (const auto env = root["env"]) read_env(env);
    read_phases(root);
    if (const auto artifacts = root["artifacts"]) read_artifacts(artifacts);
    if (const auto cache = root["cache"]; cache && !cache.IsNull()) {
      expect_map(cache, "cache");
      spec_.cached_paths = texts_of(cache["paths"], "paths");
    }
    static const std::set<std::string, std::less<>> known{"version", "env",   "phases", "artifacts", "cache",
                                                          "reports", "proxy", "run-as", "batch"};
    for (const auto& entry : root) {
      const std::string name = text_of(entry.first, "name");
      if (!known.contains(name)) refuse("unknown buildspec section: " + name, entry.first);
      if (name == "batch" || name == "run-as") refuse("berth does not support " + name, entry.first);
    }
    return std::move(spec_);
  }

 private:
  // YAML takes the last of two equal names in silence; whoever wrote both meant both.
  static void expect_map(const YAML::Node& node, const std::string& what) {
    if (!node.IsMap()) refuse(fmt::format("expected {} to be a map", what), node);
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar())
        refuse(fmt::format("expected the names in {} to be strings", what), entry.first);
      if (!seen.insert(entry.first.Scalar()).second) {
        refuse(fmt::format("mapping key \"{}\" already defined", entry.first.Scalar()), entry.first);
      }
    }
  }

  static std::string text_of(const YAML::Node& node, const std::string& what) {
    if (!node.IsScalar())
      refuse(fmt::format("Expected {} to be of string type: found subkeys instead", what), node);
    return node.Scalar();
  }

  static std::vector<std::string> texts_of(const YAML::Node& node, const std::string& what) {
    std::vector<std::string> out;
    if (!node || node.IsNull()) return out;
    if (node.IsScalar()) return {node.Scalar()};
    if (!node.IsSequence()) refuse(fmt::format("expected {} to be a list", what), node);
    for (std::size_t i = 0; i < node.size(); ++i) {
      const YAML::Node one = node[i];
      if (one.IsScalar()) {
        out.push_back(one.Scalar());
        continue;
      }
      const int line = line_of(one);
      throw Mistake{
          fmt::format("Expected {}[{}] to be of string type: found subkeys instead at line {}, value of the "
                      "key tag on line {} "
                      "might be empty",
                      what, i, line, std::max(1, line - 1))};
    }
    return out;
  }

  static std::map<std::string, std::string> map_of(const YAML::Node& node, const std::string& what) {
    std::map<std::string, std::string> out;
    if (!node || node.IsNull()) return out;
    expect_map(node, what);
    for (const auto& entry : node)
      out[check_variable(entry.first)] = text_of(entry.second, entry.first.Scalar());
    return out;
  }

  // It becomes a name in a shell.
  static std::string check_variable(const YAML::Node& node) {
    const std::string name = text_of(node, "variable");
    const auto is_good = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    const bool good = !name.empty() && std::all_of(name.begin(), name.end(), is_good) &&
                      !(name[0] >= '0' && name[0] <= '9');
    if (!good) refuse("invalid environment variable name: " + name, node);
    return name;
  }

  static void check_version(const YAML::Node& version) {
    if (!version) throw Mistake{"missing or invalid buildspec version: expected 0.2"};
    const std::string text = text_of(version, "version");
    if (text != "0.2") refuse(fmt::format("unsupported buildspec version: {}, expected 0.2", text), version);
  }

  void read_env(const YAML::Node& env) {
    if (env.IsNull()) return;
    expect_map(env, "env");
    for (const auto& entry : env) {
      const std::string name = entry.first.Scalar();
      if (name == "variables") {
        spec_.variables = map_of(entry.second, name);
      } else if (name == "parameter-store") {
        spec_.parameters = map_of(entry.second, name);
      } else if (name == "secrets-manager") {
        spec_.secrets = map_of(entry.second, name);
      } else if (name == "exported-variables") {
        spec_.exported_variables = texts_of(entry.second, name);
        for (const auto& one : entry.second) check_variable(one);
      } else if (name == "shell") {
        const std::string shell = text_of(entry.second, name);
        if (shell != "bash" && shell != "/bin/sh" && shell != "sh") {
          refuse("berth does not support the shell " + shell, entry.second);
        }
      } else if (name != "git-credential-helper") {
        refuse("unknown key in env: " + name, entry.first);
      }
    }
  }

  void read_phases(const YAML::Node& root) {
    const YAML::Node phases = root["phases"];
    if (!phases || phases.IsNull()) {
      throw Mistake{"Phase is empty: at least one phase must be specified in a valid YAML file"};
    }
    expect_map(phases, "phases");
    for (const auto& entry : phases) {
      const auto known = std::find_if(phase_names.begin(), phase_names.end(), [&](const PhaseName& phase) {
        return phase.in_file == entry.first.Scalar();
      });
      if (known == phase_names.end()) {
        refuse(fmt::format("invalid buildspec phase name: {}. Expecting: install,pre_build,build,post_build",
                           entry.first.Scalar()),
               entry.first);
      }
      if (!entry.second.IsNull()) spec_.phases[std::string(known->of_build)] = read_phase(entry.second);
    }
  }

  static BuildspecPhase read_phase(const YAML::Node& node) {
    expect_map(node, "phase");
    BuildspecPhase phase;
    for (const auto& entry : node) {
      const std::string name = entry.first.Scalar();
      if (name == "commands") {
        phase.commands = texts_of(entry.second, "Commands");
      } else if (name == "finally") {
        phase.at_end = texts_of(entry.second, "Finally");
      } else if (name == "on-failure") {
        const std::string action = text_of(entry.second, name);
        if (action != "ABORT" && action != "CONTINUE") {
          refuse("invalid value for on-failure: " + action + ". Expecting: ABORT,CONTINUE", entry.second);
        }
        phase.continues_on_failure = action == "CONTINUE";
        phase.aborts_on_failure = action == "ABORT";
      } else if (name != "runtime-versions" && name != "steps") {
        refuse("unknown key in phase: " + name, entry.first);
      } else if (name == "steps") {
        refuse("berth does not support steps", entry.first);
      }
    }
    return phase;
  }

  void read_artifacts(const YAML::Node& node) {
    if (node.IsNull()) return;
    expect_map(node, "artifacts");
    BuildspecArtifacts artifacts;
    artifacts.files = texts_of(node["files"], "files");
    if (artifacts.files.empty()) refuse("artifacts must have files", node);
    if (const auto base = node["base-directory"]) artifacts.base_directory = text_of(base, "base-directory");
    if (const auto name = node["name"]) artifacts.name = text_of(name, "name");
    if (const auto discard = node["discard-paths"]) {
      const std::string text = text_of(discard, "discard-paths");
      artifacts.discards_paths = text == "yes" || text == "true";
    }
    if (const auto secondary = node["secondary-artifacts"]) {
      refuse("berth does not support secondary-artifacts", secondary);
    }
    spec_.artifacts = std::move(artifacts);
  }

  Buildspec spec_;
};

Error yaml_file_error(const std::string& message) {
  return {"YAML_FILE_ERROR", message};
}

}  // namespace

Result<Buildspec> parse_buildspec(std::string_view text) {
  if (text.size() > text_bytes_max) return yaml_file_error("the buildspec is larger than 1 MiB");
  try {
    check_nesting(text);
    return Reader().read(YAML::Load(std::string(text)));
  } catch (const Mistake& mistake) {
    return yaml_file_error(mistake.message);
  } catch (const YAML::Exception& error) {
    return yaml_file_error(fmt::format("{} at line {}", error.msg, std::max(0, error.mark.line) + 1));
  }
}

bool is_inline_buildspec(std::string_view buildspec) {
  return buildspec.find('\n') != std::string_view::npos || buildspec.starts_with("version:") ||
         buildspec.starts_with("{");
}

}  // namespace berth::control
