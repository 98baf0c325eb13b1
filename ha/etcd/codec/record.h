// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ha/values.h"

// What the arbiter keeps of a gateway, as text that people can read with etcdctl:
//
//   {"format":1,"held":0,"owner":"router-a","renewal":12,"serial":7,"successor":"router-b","term":5}
//
// `successor` is "" where nobody is named. Reading refuses another format, members it does not know
// or lacks, numbers that are none or too large, names that are none, and anything over kMostRecord
// bytes. Pure.
namespace cw::ha::etcd {

inline constexpr std::size_t kMostName = 63;         // network/name.h
inline constexpr std::size_t kMostGatewayName = 12;  // of a gateway; the same
inline constexpr std::size_t kMostRecord = 512;      // the longest is 322

[[nodiscard]] bool is_name(std::string_view text, std::size_t most);

// Invalid: the owner or the successor is no name.
Result<std::string> to_json(const Record& record);

// Unsupported: written by a version that has another format.
Result<Record> record_from_json(std::string_view text);

}  // namespace cw::ha::etcd
