// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// Inside of what siblings say: numbers in network order, names with a length before them. Nobody
// but the formats of ha/wire, ha/peers, ha/replica and ha/netmap includes this. Pure.
namespace cw::ha::wire {

// A gateway's or router's, as a netmap has it (network/name.h).
inline bool is_name(std::string_view name, std::size_t most) {
  return !name.empty() && name.size() <= most && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

class Writer {
 public:
  template <class Number>
  void number(Number value) {
    for (std::size_t i = sizeof(Number); i-- > 0;) {
      bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    }
  }

  void name(std::string_view name) {
    number(static_cast<std::uint8_t>(name.size()));
    bytes.insert(bytes.end(), name.begin(), name.end());
  }

  void append(std::span<const std::uint8_t> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  }

  std::vector<std::uint8_t> bytes;
};

// Reads past the end give zeros and an empty name, and are remembered.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  template <class Number>
  Number number() {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(sizeof(Number))) {
      value = value << 8U | byte;
    }
    return static_cast<Number>(value);
  }

  std::string_view name() {
    const auto bytes = take(number<std::uint8_t>());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  [[nodiscard]] bool is_at_end() const { return !short_ && rest_.empty(); }

  [[nodiscard]] bool was_short() const { return short_; }

  [[nodiscard]] std::span<const std::uint8_t> rest() const { return rest_; }

  std::span<const std::uint8_t> take(std::size_t count) {
    if (count > rest_.size()) {
      short_ = true;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

 private:
  std::span<const std::uint8_t> rest_;
  bool short_ = false;
};

}  // namespace cw::ha::wire
