// What the commands of the simulator share: their options, and turning files and texts into a run.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "study/run.h"
#include "study/summary.h"

namespace berth::cli {

struct RunFlags {
  std::string template_file;
  std::vector<std::string> before_files;
  std::string trace;
  std::string trace_scale;
  std::string duration;
  std::string app_file;
  std::string prices_file;
  std::string world = "aws";
  std::string tier = "fluid";
  std::string service;
  std::vector<std::string> parameters;  // K=V
  std::vector<std::string> sets;        // Resource.Property.Path=V
  double time_scale = 1;
  bool every_minute = false;
  std::uint64_t seed = 1;
};

void add_run_flags(CLI::App& command, RunFlags& flags);

Result<std::string> read_input(const std::string& path);
Result<> write_output(const std::string& path, const std::string& text);
Result<sim::Traffic> traffic_of(const std::string& trace, const RunFlags& flags);
Result<study::RunOptions> run_options(const RunFlags& flags, const std::string& template_file,
                                      const std::string& trace);
Result<study::Prices> prices_of(const RunFlags& flags);

// Prints what went wrong; the exit code.
int refuse(const Error& error);

}  // namespace berth::cli
