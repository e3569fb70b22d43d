// Client: asks berthd's own endpoints (/_berth/...), which the root key of its data folder opens.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace berth::cli {

// Which berthd, from flags and environment.
struct Where {
  std::string data_dir;
  std::string endpoint;  // http://127.0.0.1:4566
  std::string region;
};

// Fills in what no flag has said: the endpoint from BERTH_ENDPOINT or AWS_ENDPOINT_URL, else, as the region,
// what the data folder's berthd was last started with, else the defaults.
void complete(Where& where);

Result<std::string> get(const Where& where, const std::string& path);
Result<std::string> post(const Where& where, const std::string& path);
Result<json::value> get_json(const Where& where, const std::string& path);

// Prints why and what to do; returns the exit code.
int explain(const Where& where, const Error& error);

}  // namespace berth::cli
