// The functions that look at nothing but their evaluated argument: Join, Split, Select, Base64, Cidr, Length,
// ToJsonString. Internal to this folder.
#pragma once

#include "base/result.h"

namespace berth::cfn {

Result<json::value> join_items(const json::value& argument);
Result<json::value> split_text(const json::value& argument);
Result<json::value> select_item(const json::value& argument);
Result<json::value> encode_base64(const json::value& argument);
Result<json::value> cidr_blocks(const json::value& argument);
Result<json::value> length_of(const json::value& argument);
Result<json::value> to_json_string(const json::value& argument);

}  // namespace berth::cfn
