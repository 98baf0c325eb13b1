// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/result.h"
#include "base/rfc3339.h"
#include "router/api/json.h"

// What the files that turn values into JSON and back share. nlohmann's exceptions end in reading().
namespace cw::api {

using Json = nlohmann::ordered_json;

template <class T, class One>
std::vector<T> list_of(const Json& json, One one) {
  std::vector<T> list;
  list.reserve(json.size());
  for (const Json& item : json) {
    list.push_back(one(item));
  }
  return list;
}

template <class T, class One>
Json to_list(const std::vector<T>& values, One one) {
  Json list = Json::array();
  for (const T& value : values) {
    list.push_back(one(value));
  }
  return list;
}

// Text that came from elsewhere (a kernel's message) may not be UTF-8; it is shown, not refused.
inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <class T, class One>
Result<T> reading(std::string_view text, One one) {
  if (text.size() > kLargestBody) {
    return Error::make(ErrorKind::Exhausted, "the message is too large");
  }
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) {
    return Error::invalid("this is not JSON");
  }
  try {
    return one(json);
  } catch (const nlohmann::json::exception& misfit) {
    return Error::invalid(fmt::format("this is not understood: {}", misfit.what()));
  }
}

// A word that only a newer agent knows reads as the most careful one.
template <class Value, std::size_t N>
Value one_of(const std::array<Value, N>& values, const std::string& text, Value otherwise) {
  for (const Value value : values) {
    if (to_text(value) == text) {
      return value;
    }
  }
  return otherwise;
}

inline constexpr std::array kSeverities{Severity::Note, Severity::Warning, Severity::Error};

inline WallTime time_of(const Json& json) {
  return from_rfc3339(json.get<std::string>()).value_or(WallTime{});
}

inline Json of(const Problem& problem) {
  return {{"severity", to_text(problem.severity)},
          {"gateway", problem.gateway},
          {"text", problem.text},
          {"hint", problem.hint}};
}

inline Problem problem_of(const Json& json) {
  return {.severity = one_of(kSeverities, json.at("severity").get<std::string>(), Severity::Error),
          .gateway = json.at("gateway").get<std::string>(),
          .text = json.at("text").get<std::string>(),
          .hint = json.at("hint").get<std::string>()};
}

}  // namespace cw::api
