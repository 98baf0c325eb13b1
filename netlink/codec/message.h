// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <linux/netlink.h>

// Netlink messages and their attributes as bytes (netlink(7), linux/netlink.h): cursors that never
// leave their buffer, and a writer. What does not fit its declared length ends the walk and is
// told by `malformed`. Pure; no allocation but the writer's buffer. Numbers are in host order as
// netlink has them; the `big` getters are for those families that differ (nf_tables).
namespace cw::netlink {

using Bytes = std::span<const std::uint8_t>;

// linux/netlink.h has these as macros of signed numbers.
inline constexpr std::size_t kMessageHeaderSize = sizeof(nlmsghdr);
inline constexpr std::size_t kAttributeHeaderSize = sizeof(nlattr);

[[nodiscard]] constexpr std::size_t aligned(std::size_t size) {
  return (size + (NLMSG_ALIGNTO - 1)) / NLMSG_ALIGNTO * NLMSG_ALIGNTO;
}

template <std::integral T>
[[nodiscard]] std::optional<T> number(Bytes bytes) {
  if (bytes.size() != sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <std::unsigned_integral T>
[[nodiscard]] std::optional<T> big_endian_number(Bytes bytes) {
  if (bytes.size() != sizeof(T)) {
    return std::nullopt;
  }
  T value = 0;
  for (const auto byte : bytes) {
    value = static_cast<T>(value << 8U | byte);
  }
  return value;
}

// A fixed structure at the front of `bytes`.
template <class T>
[[nodiscard]] std::optional<T> front(Bytes bytes) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (bytes.size() < sizeof(T)) {
    return std::nullopt;
  }
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

struct Attribute {
  std::uint16_t type = 0;  // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
  Bytes payload;

  template <std::integral T>
  [[nodiscard]] std::optional<T> as() const {
    return number<T>(payload);
  }

  template <std::unsigned_integral T>
  [[nodiscard]] std::optional<T> as_big() const {
    return big_endian_number<T>(payload);
  }

  [[nodiscard]] std::string_view text() const;  // up to the first zero byte
};

class Attributes {
 public:
  explicit Attributes(Bytes bytes) : rest_(bytes) {}

  // Those behind a fixed header of `header_size` bytes (aligned as netlink aligns).
  Attributes(Bytes payload, std::size_t header_size);

  std::optional<Attribute> next();

  [[nodiscard]] bool malformed() const { return malformed_; }

  // First of that type, from where the cursor stands; the cursor itself stays.
  [[nodiscard]] std::optional<Attribute> find(std::uint16_t type) const;

 private:
  Bytes rest_;
  bool malformed_ = false;
};

struct Message {
  nlmsghdr header{};
  Bytes payload;
};

class Messages {
 public:
  explicit Messages(Bytes bytes) : rest_(bytes) {}

  std::optional<Message> next();

  [[nodiscard]] bool malformed() const { return malformed_; }

 private:
  Bytes rest_;
  bool malformed_ = false;
};

// One message, growing. Nests are closed in the order in which they were opened, last first.
class MessageWriter {
 public:
  MessageWriter(std::uint16_t type, std::uint16_t flags, std::size_t reserve = 0);

  // The family's fixed header, directly behind nlmsghdr.
  template <class T>
  void header(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    append({reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }

  // A whole payload, headers, attributes and all.
  void raw(Bytes payload) { append(payload); }

  void bytes(std::uint16_t type, Bytes payload);
  void text(std::uint16_t type, std::string_view value);  // with its terminating zero

  template <std::integral T>
  void number(std::uint16_t type, T value) {
    bytes(type, {reinterpret_cast<const std::uint8_t*>(&value), sizeof value});
  }

  [[nodiscard]] std::size_t open(std::uint16_t type);  // a nest; give the result to close()
  void close(std::size_t nest);

  // Drops what was written behind `size`, a former size().
  void cut(std::size_t size);

  [[nodiscard]] std::size_t size() const { return buffer_.size(); }

  // With nlmsg_len set.
  [[nodiscard]] std::vector<std::uint8_t> take();

 private:
  void append(Bytes bytes);  // and pads

  std::vector<std::uint8_t> buffer_;
};

// Bytes that an attribute of this payload takes, header and padding included.
[[nodiscard]] constexpr std::size_t attribute_size(std::size_t payload) {
  return kAttributeHeaderSize + aligned(payload);
}

// The answer to a request, or the end of a dump.
struct Ack {
  int error = 0;     // errno, 0 for success
  std::string text;  // the kernel's own words (NLMSGERR_ATTR_MSG); often empty
};

// From NLMSG_ERROR or NLMSG_DONE; none for every other message. A dump that fails in the kernel
// says so only in its NLMSG_DONE.
[[nodiscard]] std::optional<Ack> decode_ack(const Message& message);

}  // namespace cw::netlink
