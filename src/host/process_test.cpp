#include "host/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "base/read_file.h"
#include "base/text.h"
#include "host/pidfd.h"

namespace berth::host {
namespace {

TEST(Process, GivesOutputAndExitCode) {
  const auto result = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->output, "out\n");
  EXPECT_EQ(result->error_output, "err\n");
  EXPECT_EQ(result->exit_code, 3);
  EXPECT_EQ(run_process({"sh", "-c", "kill -9 $$"})->exit_code, 137);
}

TEST(Process, PassesArgumentsAsTheyAre) {
  EXPECT_EQ(run_checked({"printf", "%s|", "a b", "$HOME; reboot", ""}).value(), "a b|$HOME; reboot||");
}

TEST(Process, FeedsMoreThanAPipeHolds) {
  const std::string input(1 << 20, 'x');
  EXPECT_EQ(run_checked({"cat"}, {.input = input}).value(), input);
  EXPECT_TRUE(run_checked({"true"}, {.input = input}));  // which reads nothing
}

TEST(Process, FailuresAreErrors) {
  EXPECT_FALSE(run_process({"/nonexistent/program"}));
  const auto failed = run_checked({"sh", "-c", "echo why >&2; exit 1"});
  ASSERT_FALSE(failed);
  EXPECT_TRUE(failed.error().message.ends_with(": why"));
  const auto late = run_process({"sleep", "60"}, {.timeout = RealDuration::ms(50)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, "TimeoutError");
}

TEST(Process, DaemonsHaveASessionOfTheirOwn) {
  const std::string log = ::testing::TempDir() + "daemon_" + std::to_string(getpid()) + ".log";
  const int open_here = open("/dev/zero", O_RDONLY);
  const auto pid = spawn_daemon({"sh", "-c", "echo $VARIABLE in $PWD; exec sleep 60"},
                                {log, "/usr", {{"VARIABLE", "value"}}});
  ASSERT_TRUE(pid);
  const Fd process = open_process(*pid);
  ASSERT_TRUE(process);
  EXPECT_NE(getsid(*pid), getsid(0));
  std::string text;
  while (text.empty()) {  // written by a program that just begins; the test's own limit ends a vain wait
    std::ifstream in(log);
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  EXPECT_EQ(text, "value in /usr\n");
  const std::string kept = "/proc/" + std::to_string(*pid) + "/fd/" + std::to_string(open_here);
  EXPECT_NE(access(kept.c_str(), F_OK), 0);  // a file that was open without CLOEXEC
  close(open_here);
  EXPECT_TRUE(signal_process(process, SIGKILL));
  unlink(log.c_str());
  EXPECT_FALSE(spawn_daemon({"/nonexistent/program"}, {log}));
  EXPECT_FALSE(spawn_daemon({"sleep", "60"}, {log, "/nonexistent"}));
  unlink(log.c_str());
}

TEST(Process, IsFoundByAnArgument) {
  const std::string log = ::testing::TempDir() + "found_" + std::to_string(getpid()) + ".log";
  const std::string argument = "60." + std::to_string(getpid());
  const auto pid = spawn_daemon({"sleep", argument}, {log});
  ASSERT_TRUE(pid);
  EXPECT_EQ(processes_with(argument), std::vector<pid_t>{*pid});
  EXPECT_TRUE(signal_process(open_process(*pid), SIGKILL));
  unlink(log.c_str());
}

TEST(ReadFile, IsEmptyOfWhatCannotBeRead) {
  EXPECT_EQ(read_file("/nonexistent"), "");
  EXPECT_EQ(read_file("/proc"),
            "");  // opens, and fails to be read, as a file of a process that has just ended
  EXPECT_EQ(read_file("/proc/self/comm").back(), '\n');
}

}  // namespace
}  // namespace berth::host
