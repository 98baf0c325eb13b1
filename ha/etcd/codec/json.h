// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

// JSON from elsewhere, member by member, without exceptions and without recursion. Of ha/etcd/codec
// alone. Pure.
namespace cw::ha::etcd {

using Json = nlohmann::json;

// An object. Refused: what is none, and nesting over 12 (an answer of etcd's has 7).
Result<Json> parse_object(std::string_view text);

// Null where there is none: what the gateway leaves out is zero, empty or false.
[[nodiscard]] const Json* member(const Json& object, const char* name);

// The gateway writes 64-bit numbers as strings (proto3's JSON mapping); plain ones are taken too.
// Missing is 0, as everywhere in its answers.
Result<std::uint64_t> number(const Json& object, const char* name);
Result<bool> truth(const Json& object, const char* name);
Result<std::string> text(const Json& object, const char* name);

// `bytes` of protobuf: base64 in JSON.
[[nodiscard]] std::string to_base64(std::string_view bytes);
Result<std::string> bytes(const Json& object, const char* name);

}  // namespace cw::ha::etcd
