// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

// Prometheus' text (exposition format 0.0.4), written family by family. Pure.
namespace cw::agent {

inline constexpr auto kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// A label with its value: backslash, double quote and line feed are escaped in it.
[[nodiscard]] std::string label(std::string_view name, std::string_view value);

class MetricsText {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
  }

  // Of the latest family. `labels`: joined by commas; none: "".
  template <class Value>
  void sample(std::string_view labels, Value value) {
    text_ += labels.empty() ? fmt::format("{} {}\n", name_, value)
                            : fmt::format("{}{{{}}} {}\n", name_, labels, value);
  }

  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

}  // namespace cw::agent
