// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "netlink/codec/message.h"

// Elements of an nft set or map, from what the kernel dumps (linux/netfilter/nf_tables.h) to the
// text in which we write them: "100.64.0.5", "10.0.0.0/8", "10.0.0.1-10.0.0.9", "2001:db8::5",
// "10.0.0.0/16 . 6 . 5201-5400", "100.64.0.5 : goto g_all", "10.0.0.5 : \"a_counter\"". Numbers
// only, RFC 5952 for IPv6, a prefix wherever a range is one. Pure.
namespace cw::firewall {

using netlink::Bytes;
using netlink::Message;

// nft's own numbers of data types (datatype.h there); they are part of what the kernel stores.
enum class DataType : std::uint8_t {
  Ipv4Address = 7,
  Ipv6Address = 8,
  InetProtocol = 12,
  InetService = 13,
};

// What the kernel says of a set.
struct SetShape {
  std::vector<DataType> key;  // more than one: a concatenation
  bool interval = false;
  bool verdict_map = false;

  friend bool operator==(const SetShape&, const SetShape&) = default;
};

// From NFT_MSG_NEWSET. ErrorKind::Unsupported for what this code cannot put into words (a data
// map, a type not above).
[[nodiscard]] Result<SetShape> decode_set(const Message& message);

// One element as the kernel has it. An interval of a set without concatenation is two of them: its
// start, and the first value behind it with `end` set.
struct RawElement {
  std::vector<std::uint8_t> key;
  std::vector<std::uint8_t>
      key_end;             // of concatenations with ranges: the last value, field by field
  std::string value;       // "goto g_all", "accept", "\"a_counter\""; maps only
  bool end = false;        // NFT_SET_ELEM_INTERVAL_END
  bool catch_all = false;  // NFT_SET_ELEM_CATCHALL

  friend bool operator==(const RawElement&, const RawElement&) = default;
};

// Appends those in one NFT_MSG_NEWSETELEM. False: malformed.
[[nodiscard]] bool decode_elements(const Message& message, std::vector<RawElement>& into);

// The texts, sorted.
[[nodiscard]] Result<std::vector<std::string>> to_text(const SetShape& shape,
                                                       std::vector<RawElement> elements);

}  // namespace cw::firewall
