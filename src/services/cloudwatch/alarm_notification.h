// What CloudWatch tells a topic about an alarm: the JSON that machines get, the prose of the mail, and its subject.
#pragma once

#include <string>

#include "services/cloudwatch/rows.h"
#include "services/sns/publish.h"

namespace berth::cloudwatch {

sns::Publication alarm_publication(const Settings& settings, const AlarmRow& alarm, const std::string& old_state,
                                   const std::string& topic_arn);

// "US East (N. Virginia)" for us-east-1; the code itself for a region without a known name.
std::string region_display_name(const std::string& region);

}  // namespace berth::cloudwatch
