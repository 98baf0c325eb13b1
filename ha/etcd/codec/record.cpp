// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/codec/record.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "ha/etcd/codec/json.h"

namespace cw::ha::etcd {

namespace {

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kMembers = 7;

// Ours are plain numbers, so that the text has one form.
Result<std::uint64_t> plain_number(const Json& object, const char* name, std::uint64_t most) {
  const Json* value = member(object, name);
  if (value == nullptr || !value->is_number_unsigned() || value->get<std::uint64_t>() > most) {
    return Error::invalid(fmt::format("\"{}\" is no number from 0 to {}", name, most));
  }
  return value->get<std::uint64_t>();
}

Result<std::string> plain_name(const Json& object, const char* name, bool may_be_empty) {
  auto value = CW_TRY(text(object, name));
  if (!is_name(value, kMostName) && !(may_be_empty && value.empty() && object.contains(name))) {
    return Error::invalid(fmt::format("\"{}\" is no router's name", name));
  }
  return value;
}

}  // namespace

bool is_name(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<std::string> to_json(const Record& record) {
  if (!is_name(record.owner, kMostName) ||
      (!record.successor.empty() && !is_name(record.successor, kMostName))) {
    return Error::invalid("a record whose owner or successor is no router's name");
  }
  return Json{{"format", kFormat},         {"term", record.term},
              {"owner", record.owner},     {"successor", record.successor},
              {"renewal", record.renewal}, {"serial", record.serial},
              {"held", record.held}}
      .dump();
}

Result<Record> record_from_json(std::string_view json) {
  constexpr auto kAny = std::numeric_limits<std::uint64_t>::max();
  if (json.size() > kMostRecord) {
    return Error::invalid(
        fmt::format("{} bytes, where a record has at most {}", json.size(), kMostRecord));
  }
  const Json object = CW_TRY(parse_object(json));
  const auto format = CW_TRY(plain_number(object, "format", kAny));
  if (format != kFormat) {
    return Error::make(ErrorKind::Unsupported,
                       fmt::format("a record of format {}, and this version of Causeway knows {}; "
                                   "run the same version on all routers of the site",
                                   format, kFormat));
  }
  Record record;
  record.term = CW_TRY(plain_number(object, "term", kAny));
  record.owner = CW_TRY(plain_name(object, "owner", false));
  record.successor = CW_TRY(plain_name(object, "successor", true));
  record.renewal = CW_TRY(plain_number(object, "renewal", kAny));
  record.serial = CW_TRY(plain_number(object, "serial", kAny));
  record.held = static_cast<std::uint32_t>(
      CW_TRY(plain_number(object, "held", std::numeric_limits<std::uint32_t>::max())));
  if (object.size() != kMembers) {
    return Error::invalid("members that no record has");
  }
  return record;
}

}  // namespace cw::ha::etcd
