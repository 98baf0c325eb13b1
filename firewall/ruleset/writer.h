// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

// The body of the table, line by line. Statements for IPv6 are left out on a host without it. Pure.
namespace cw::firewall {

class Writer {
 public:
  explicit Writer(bool ipv6) : ipv6_(ipv6) {}

  [[nodiscard]] bool ipv6() const { return ipv6_; }

  template <class... Args>
  void line(fmt::format_string<Args...> form, Args&&... args) {
    text_ += "    " + fmt::format(form, std::forward<Args>(args)...) + "\n";
  }

  template <class... Args>
  void line6(fmt::format_string<Args...> form, Args&&... args) {
    if (ipv6_) {
      line(form, std::forward<Args>(args)...);
    }
  }

  void open(std::string_view header) { text_ += fmt::format("  {} {{\n", header); }

  void close() { text_ += "  }\n"; }

  void declare(std::string_view what) { text_ += fmt::format("  {}\n", what); }

  std::string take() { return std::move(text_); }

 private:
  bool ipv6_;
  std::string text_;
};

}  // namespace cw::firewall
