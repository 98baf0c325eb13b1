// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "netlink/codec/wireguard_values.h"

// A change to a WireGuard device as WG_CMD_SET_DEVICE messages (linux/wireguard.h). Pure.
//
// As few messages as the kernel's limits allow: an attribute's length has 16 bits, and
// WGDEVICE_A_PEERS is one attribute. The device's own attributes are in the first message only,
// together with the first peers, so that a firewall mark and the peers it is for change at once. A
// peer with more allowed IPs than fit goes on in the next message, which adds to the first part
// and never makes a peer that has meanwhile been removed. WGDEVICE_F_REPLACE_PEERS is never sent.
namespace cw::netlink {

// Largest payload of the one attribute that holds the peers.
inline constexpr std::size_t kPeersLimit = 65535 / 4 * 4 - 4;
// The largest message: that attribute, and room for the headers and the device's own attributes.
// Far below the socket's send buffer of 208 KiB (net.core.wmem_default).
inline constexpr std::size_t kMessageLimit = kPeersLimit + 256;

// Whole netlink messages, in the order in which they are to be sent, each to be acknowledged;
// `family` is the number of generic netlink family "wireguard". None where nothing changes. The
// first holds the private key where there is one: wipe it after use.
[[nodiscard]] std::vector<std::vector<std::uint8_t>> encode(const WgDeviceChange& change,
                                                            std::uint16_t family);

}  // namespace cw::netlink
