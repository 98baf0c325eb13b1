// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/codec/wireguard_values.h"

// The inverse of encode(), written from linux/wireguard.h and not from the encoder; fails a test
// on everything that the kernel would refuse or that the encoder promises never to send.
namespace cw::netlink {

struct DecodedMessage {
  std::size_t size = 0;
  std::string device;
  std::optional<net::KeyBytes> private_key;
  std::optional<std::uint16_t> listen_port;
  std::optional<std::uint32_t> fwmark;
  std::vector<WgPeerChange> peers;  // as this message has them: a part is a peer of its own
};

[[nodiscard]] std::vector<DecodedMessage> decode(
    const std::vector<std::vector<std::uint8_t>>& messages);

}  // namespace cw::netlink
