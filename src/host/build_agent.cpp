#include "host/build_agent.h"

namespace berth::host {

// What a command that ended the shell left undone is the next worker's: the phase's `at_end`, then the
// report.
const char* const build_agent_script = R"sh(
cd /codebuild/agent || exit 1
berth_shell=sh
if command -v bash >/dev/null 2>&1; then berth_shell=bash; fi
while :; do
  "$berth_shell" /codebuild/agent/worker.sh
  status=$?
  if [ -e ended ]; then exit 0; fi
  echo "$status" >died
done
)sh";

const char* const build_worker_script = R"sh(
berth_at=/codebuild/agent

berth_say() { printf '\036%s\n' "$1"; }

# What is in a folder of commands, until one fails: its file in berth_failed. It is never asked for its own status:
# where a status is asked for, a command's `set -e` would mean nothing.
berth_list() {
  berth_failed=
  for berth_file in "$1"/[0-9]*; do
    [ -e "$berth_file" ] || continue
    echo "$berth_file" >$berth_at/current
    berth_command=$(cat "$berth_file")
    berth_say "Running command $berth_command"
    eval "$berth_command" 3<&- </dev/null
    berth_code=$?
    export -p >$berth_at/environment
    pwd >$berth_at/folder
    rm -f $berth_at/current
    if [ "$berth_code" != 0 ]; then
      berth_failed=$berth_file
      break
    fi
  done
}

# berth_finish PHASE STATUS FILE: the commands that run whatever became of the others, and the report.
berth_finish() {
  berth_phase=$1 berth_status=$2 berth_file_failed=$3
  echo "$1 $2 $3" >$berth_at/finishing
  berth_list "$berth_at/phases/$1/at_end"
  if [ -n "$berth_failed" ] && [ "$berth_status" = 0 ]; then
    berth_status=$berth_code berth_file_failed=$berth_failed
  fi
  berth_report "$berth_phase" "$berth_status" "$berth_file_failed"
}

berth_report() {
  rm -f $berth_at/finishing $berth_at/running
  if [ "$2" != 0 ]; then berth_say "Command did not exit successfully $(cat "$3") exit status $2"; fi
  echo "end $1 $2 $3" >$berth_at/reports
}

berth_run() {
  if [ -e "$berth_at/phases/$1/environment" ]; then . "$berth_at/phases/$1/environment"; fi
  echo "$1" >$berth_at/running
  berth_list "$berth_at/phases/$1/commands"
  if [ -z "$berth_failed" ]; then
    berth_finish "$1" 0 -
  else
    berth_finish "$1" "$berth_code" "$berth_failed"
  fi
}

# Directories that stay from build to build: what the cache has wins.
berth_cache() {
  while IFS=' ' read -r berth_key berth_path; do
    mkdir -p "/codebuild/cache/$berth_key" "$(dirname "$berth_path")"
    [ -L "$berth_path" ] && continue
    if [ -d "$berth_path" ]; then
      cp -an "$berth_path/." "/codebuild/cache/$berth_key/"
      rm -rf "$berth_path"
    fi
    ln -s "/codebuild/cache/$berth_key" "$berth_path"
  done <$berth_at/cached
}

berth_vars() {
  for berth_name in $1; do
    eval "if [ -n \"\${$berth_name+x}\" ]; then printf '%s' \"\$$berth_name\" >$berth_at/vars/$berth_name; fi"
  done
  echo vars >$berth_at/reports
}

# The shell of before was ended by a command.
berth_resume() {
  berth_code=$(cat $berth_at/died)
  berth_was=$(cat $berth_at/current 2>/dev/null)
  rm -f $berth_at/died $berth_at/current
  if [ -e $berth_at/finishing ]; then
    read -r berth_phase berth_status berth_file <$berth_at/finishing
    [ "$berth_status" != 0 ] || { berth_status=$berth_code berth_file=$berth_was; }
    berth_report "$berth_phase" "$berth_status" "$berth_file"
  elif [ -e $berth_at/running ]; then
    berth_finish "$(cat $berth_at/running)" "$berth_code" "$berth_was"
  fi
}

cd "$(cat $berth_at/folder)" || cd /
if [ -e $berth_at/environment ]; then . $berth_at/environment; fi
exec 3<$berth_at/orders
if [ -e $berth_at/died ]; then berth_resume; fi
while IFS= read -r berth_order <&3; do
  case $berth_order in
    "say "*) berth_say "${berth_order#say }" ;;
    "run "*) berth_run "${berth_order#run }" ;;
    "vars "*) berth_vars "${berth_order#vars }" ;;
    cache) berth_cache ;;
    end) break ;;
  esac
done
: >$berth_at/ended
)sh";

}  // namespace berth::host
