// Every limit of the daemon's own, by name. Limits that AWS documents stand beside the rule they bound.
#pragma once

#include <cstddef>

namespace berth::limits {

inline constexpr std::size_t request_body_bytes_max = 8u << 20;
inline constexpr std::size_t request_header_bytes_max = 64u << 10;
inline constexpr int connections_max = 1024;
inline constexpr int request_read_timeout_s = 30;    // a half-open connection is closed after this
inline constexpr int keep_alive_timeout_s = 120;
inline constexpr int held_waiters_max = 64;          // CLI waiter calls held at the same time
inline constexpr int held_waiter_s_max = 20;
inline constexpr int wire_depth_max = 64;            // nesting of a request's members
inline constexpr int wire_structures_max = 100'000;  // in one request; PutMetricData's largest has 32,000
inline constexpr std::size_t form_nodes_max = 200'000;  // of a Query request; PutMetricData's largest has 66,000

}  // namespace berth::limits
