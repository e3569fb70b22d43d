#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include "base/data_dir.h"
#include "cli/commands.h"
#include "cli/simulate_input.h"

int main(int argc, char** argv) {
  using namespace berth::cli;
  Where where;
  where.data_dir = berth::default_data_dir();
  CLI::App app("berth: look at and steer a running berthd");
  app.set_version_flag("--version", "berth " BERTH_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--endpoint", where.endpoint,
                 "berthd's address (also BERTH_ENDPOINT, AWS_ENDPOINT_URL; else the data folder's)");
  app.add_option("--data-dir", where.data_dir,
                 "berthd's data folder, where the root key is (also BERTH_DATA_DIR)")
      ->capture_default_str();

  auto* env =
      app.add_subcommand("env", "Print shell commands that point aws at berthd: eval \"$(berth env)\"");
  env->add_option("--region", where.region, "AWS region to set (else the data folder's)");

  StatusOptions status;
  auto* show = app.add_subcommand("status", "Stacks, services, alarms and load balancers on one screen");
  show->add_flag("--json", status.json, "For programs");
  show->add_flag("--watch,-w", status.watch, "Again every second");

  LogsOptions logs;
  auto* lines = app.add_subcommand("logs", "What a service's tasks have written");
  lines->add_option("service", logs.service, "Name of the service")->required();
  lines->add_flag("--follow,-f", logs.follow, "Go on with new lines");
  lines->add_flag("--json", logs.json, "For programs");

  BuildOptions building;
  auto* start_build = app.add_subcommand("build", "Start a build of a CodeBuild project");
  start_build->add_option("project", building.project, "Name of the project")->required();
  start_build->add_flag(
      "--follow,-f", building.follow,
      "Show its log until it is over; the exit code is 0 when it succeeds, 1 when it fails, 3 "
      "stopped, 4 timed out, 5 a fault");

  MailOptions mail;
  auto* mails = app.add_subcommand("mail", "The local mailbox: a list, or one mail by its number");
  mails->add_option("number", mail.number, "Which mail to show");
  mails->add_flag("--json", mail.json, "For programs");

  RecordOptions recording;
  auto* record_service =
      app.add_subcommand("record", "Write what berthd saw of a service and decided: for simulate --replay");
  record_service->add_option("service", recording.service, "Name of the service")->required();
  record_service->add_option("-o,--output", recording.file, "File to write (else standard output)");

  CalibrateOptions calibration;
  auto* measure = app.add_subcommand("calibrate", "Measure what an application costs, for simulate --app");
  measure->add_option("service", calibration.service, "Name of the service")->required();
  measure->add_option("--url", calibration.url, "What to request through its load balancer")->required();
  measure->add_option("-o,--output", calibration.file, "app.toml to write (else standard output)");
  measure->add_option("--requests", calibration.requests, "How many to measure")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();

  bool doctor_json = false;
  auto* doctor = app.add_subcommand(
      "doctor", "What is wrong with engine, HAProxy, ports and permissions, and how to mend it");
  doctor->add_flag("--json", doctor_json, "For programs");

  RunFlags run;
  SimulateOptions simulation;
  auto* play = app.add_subcommand(
      "simulate", "Play a template and a traffic in virtual time, with the control code that runs it");
  std::string record_file;
  auto* template_file = play->add_option("template", run.template_file, "CloudFormation template, unchanged");
  auto* replayed = play->add_option("--replay", record_file,
                                    "A file of berth record, instead of a template and a trace: whether the "
                                    "same decisions come of it");
  play->add_option(
          "--trace", run.trace,
          "CSV (second|minute|hour,requests) or a generator: step:8->48@10m, ramp:, diurnal:, flash:, "
          "onoff:60s, poisson:, mmpp:, load:/api/load*3")
      ->excludes(replayed);
  template_file->excludes(replayed);
  play->add_flag("--json", simulation.json, "For programs: the summary and the timeline");
  play->add_option("--report", simulation.report, "HTML file to write: the run as plots");
  add_run_flags(*play, run);

  CompareOptions comparison;
  auto* against =
      app.add_subcommand("compare", "Play several policies under several traffics: cost against lateness");
  against->add_option("templates", comparison.templates, "CloudFormation templates")->required();
  against->add_option("--trace", comparison.traces, "As for simulate; may be given several times")
      ->required();
  against->add_option("--variant", comparison.variants,
                      "\"name: Resource.Path=VALUE; ...\": the templates with these changes, too");
  against->add_flag("--json", comparison.json, "For programs");
  against->add_option("--report", comparison.report, "HTML file to write: cost against lateness as a plot");
  against->add_option("--threads", comparison.threads, "Else one per core; the results are the same");
  add_run_flags(*against, run);

  TuneFlags tuning;
  auto* search = app.add_subcommand(
      "tune", "Search target, cooldowns and limits for a traffic: the least cost for the least lateness");
  search->add_option("template", run.template_file, "CloudFormation template")->required();
  search->add_option("--trace", run.trace, "As for simulate")->required();
  search->add_option("--candidates", tuning.candidates, "Policies to begin with")
      ->check(CLI::Range(2, 4096))
      ->capture_default_str();
  search->add_option("--tune-share", tuning.tuned_share, "Part of the trace to tune on; the rest judges")
      ->check(CLI::Range(0.1, 0.9))
      ->capture_default_str();
  search->add_option("--allow", tuning.allowed_percent, "Requests that may fail or be late, in percent")
      ->capture_default_str();
  search->add_flag("--json", tuning.json, "For programs");
  search->add_option("--report", tuning.report, "HTML file to write: what was tried as a plot");
  search->add_option("--patch", tuning.patch, "File to write: what to change in the template");
  search->add_option("--threads", tuning.threads, "Else one per core; the results are the same");
  add_run_flags(*search, run);

  std::string explained, explained_at;
  auto* why = app.add_subcommand("explain", "Why a service's count changed at some minute, or did not");
  why->add_option("run", explained, "What `berth simulate --json` wrote, or a service that berthd runs")
      ->required();
  why->add_option("--at", explained_at,
                  "14:32, \"d3 14:32\" (the third day), \"minute 812\" or an ISO time; else the last minute");

  auto* down =
      app.add_subcommand("down", "Stop berthd and remove every container, network and load balancer of it");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const auto unknown = app.remaining();
    if (!app.get_subcommands().empty() || unknown.empty() || error.get_exit_code() == 0)
      return app.exit(error);
    std::cerr << "berth: unknown " << (unknown.front().starts_with("-") ? "option " : "command ")
              << unknown.front() << "; `berth --help` lists the commands\n";
    return 2;
  }
  complete(where);
  if (*env) return print_env(where);
  if (*show) return show_status(where, status);
  if (*lines) return show_logs(where, logs);
  if (*start_build) return build(where, building);
  if (*mails) return show_mail(where, mail);
  if (*record_service) return record(where, recording);
  if (*measure) return calibrate(where, calibration);
  if (*doctor) return check_up(where, doctor_json);
  if (*play && *replayed) return replay_record(record_file, simulation.json);
  if (*play && (run.template_file.empty() || run.trace.empty()))
    return refuse({"UsageError", "simulate needs a template and --trace, or --replay"});
  if (*play) return simulate(run, simulation);
  if (*against) return compare(run, comparison);
  if (*search) return tune(run, tuning);
  if (*why) {
    return std::filesystem::is_regular_file(explained) ? explain_run(explained, explained_at)
                                                       : explain_service(where, explained, explained_at);
  }
  if (*down) return take_down(where);
  return 2;
}
