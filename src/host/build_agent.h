// The agent of a build: the first program in its container, a shell that runs one phase after the other and
// reports each one's end. In one shell, so that what a command exports, and where it goes, holds for the
// next.
#pragma once

namespace berth::host {

// Where the agent and its files are in the container.
inline constexpr const char* build_agent_folder = "/codebuild/agent";

// `agent` is what the container starts; it runs `worker`, again when a command has ended its shell. Both read
// orders, one a line, from the pipe `orders`:
//   say TEXT     run PHASE     cache     vars NAME...     end
// and write to the pipe `reports`:
//   end PHASE STATUS FILE     vars
extern const char* const build_agent_script;
extern const char* const build_worker_script;

}  // namespace berth::host
