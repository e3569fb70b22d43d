// Changing an alarm's state and everything that follows from it in the same transaction: history, notifications.
// Scaling policies are called by the alarm evaluator, every minute while the state lasts.
#pragma once

#include <string>

#include "services/context.h"
#include "services/cloudwatch/rows.h"

namespace berth::cloudwatch {

// Puts the alarm into `state` ("OK", "ALARM", "INSUFFICIENT_DATA"). When that is a transition, its SNS actions run.
void change_state(Store& store, Loop& loop, const Settings& settings, const std::string& alarm,
                  const std::string& state, const std::string& reason, const std::string& reason_data);

// One `Action` entry of the history.
void record_action(Store& store, const AlarmRow& alarm, const std::string& action_arn, const Result<>& outcome,
                   Time now);

}  // namespace berth::cloudwatch
