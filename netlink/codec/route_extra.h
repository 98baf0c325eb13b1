// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <sys/socket.h>

#include "net/prefix.h"
#include "netlink/codec/message.h"

// What the decoders of routes and of rules share: the family of a header, and the words for what
// the kernel's has besides and a value cannot express (Route::extra, Rule::extra). Pure.
namespace cw::netlink {

[[nodiscard]] inline std::optional<net::Family> family_of(std::uint8_t family) {
  switch (family) {
    case AF_INET:
      return net::Family::V4;
    case AF_INET6:
      return net::Family::V6;
    default:
      return std::nullopt;
  }
}

[[nodiscard]] inline bool all_zero(Bytes bytes) {
  return std::ranges::all_of(bytes, [](auto byte) { return byte == 0; });
}

// Collects what a value cannot express.
class Extra {
 public:
  void add(std::string what) { text_ += (text_.empty() ? "" : ", ") + std::move(what); }

  void add_if(bool there, const char* what) {
    if (there) {
      add(what);
    }
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace cw::netlink
