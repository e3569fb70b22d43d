#include "control/buildspec.h"

#include <gtest/gtest.h>

namespace berth::control {
namespace {

std::string problem_of(std::string_view text) {
  const auto spec = parse_buildspec(text);
  if (spec) return "";
  EXPECT_EQ(spec.error().code, "YAML_FILE_ERROR");
  return spec.error().message;
}

TEST(Buildspec, IsReadWhole) {
  const auto spec = parse_buildspec(R"(version: 0.2
env:
  shell: bash
  variables: {A: "1", B: two words}
  parameter-store: {P: /learner/p}
  secrets-manager: {S: id}
  exported-variables: [A]
phases:
  install:
    runtime-versions: {python: 3.11}
    commands: make deps
    finally: [echo after]
  build:
    on-failure: CONTINUE
    commands:
      - make
      - |
        if true; then
          echo "two lines"
        fi
artifacts:
  files: ['**/*']
  base-directory: out
  discard-paths: yes
cache:
  paths: ['deps/**/*']
)");
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->variables.at("B"), "two words");
  EXPECT_EQ(spec->parameters.at("P"), "/learner/p");
  EXPECT_EQ(spec->secrets.at("S"), "id");
  EXPECT_EQ(spec->exported_variables, std::vector<std::string>{"A"});
  ASSERT_TRUE(spec->phase("INSTALL"));
  EXPECT_EQ(spec->phase("INSTALL")->commands, std::vector<std::string>{"make deps"});
  EXPECT_EQ(spec->phase("INSTALL")->at_end, std::vector<std::string>{"echo after"});
  EXPECT_FALSE(spec->phase("PRE_BUILD"));
  EXPECT_TRUE(spec->phase("BUILD")->continues_on_failure);
  EXPECT_EQ(spec->phase("BUILD")->commands[1], "if true; then\n  echo \"two lines\"\nfi\n");
  EXPECT_TRUE(spec->artifacts->discards_paths);
  EXPECT_EQ(spec->artifacts->base_directory, "out");
  EXPECT_EQ(spec->cached_paths, std::vector<std::string>{"deps/**/*"});
}

TEST(Buildspec, MistakesAreNamedWithTheirLine) {
  EXPECT_EQ(
      problem_of("version: 0.2\nphases:\n  build:\n    commands:\n      - a: b\n"),
      "Expected Commands[0] to be of string type: found subkeys instead at line 5, value of the key tag on "
      "line 4 might be empty");
  EXPECT_EQ(problem_of("version: 0.2\nphases:\n  bild:\n    commands: [x]\n"),
            "invalid buildspec phase name: bild. Expecting: install,pre_build,build,post_build at line 3");
  EXPECT_EQ(problem_of("version: 0.1\nphases: {}\n"),
            "unsupported buildspec version: 0.1, expected 0.2 at line 1");
  EXPECT_EQ(problem_of("version: 0.2\n"),
            "Phase is empty: at least one phase must be specified in a valid YAML file");
  EXPECT_NE(problem_of("version: 0.2\nphases:\n  build: [\n").find("at line"), std::string::npos);
  EXPECT_EQ(problem_of("version: 0.2\nphases:\n  build:\n    commands: [a]\n  build:\n    commands: [b]\n"),
            "mapping key \"build\" already defined at line 5");
  EXPECT_EQ(problem_of("version: 0.2\nenv:\n  variables:\n    A-B: 1\nphases: {}\n"),
            "invalid environment variable name: A-B at line 4");
  EXPECT_NE(problem_of(""), "");
  EXPECT_NE(problem_of(std::string(5000, '[')), "");
}

TEST(Buildspec, InlineOrAFilesName) {
  EXPECT_TRUE(is_inline_buildspec("version: 0.2\nphases: {}\n"));
  EXPECT_FALSE(is_inline_buildspec("ci/buildspec.yml"));
  EXPECT_FALSE(is_inline_buildspec(""));
}

}  // namespace
}  // namespace berth::control
