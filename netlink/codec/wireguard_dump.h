// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "netlink/codec/message.h"
#include "netlink/codec/wireguard_values.h"

// A WireGuard device put together from the messages of its dump (WG_CMD_GET_DEVICE in
// linux/wireguard.h). Pure.
//
// The kernel tells the device in the first message and as many peers in each as fit. A peer with
// more allowed IPs than fit goes on in the next one, with its key and the rest of them. Private and
// preshared keys are among it: they are never copied, and the messages are the caller's to wipe.
// Attributes that a later kernel adds are left out; what cannot be read is refused whole.
namespace cw::netlink {

// The whole message that asks for it; `family` is the number of generic netlink family "wireguard".
[[nodiscard]] std::vector<std::uint8_t> encode_dump(const std::string& device,
                                                    std::uint16_t family);

class WgDeviceDump {
 public:
  // One message of the answer, in the order in which they came.
  void take(const Message& message);

  // With its peers sorted. ErrorKind::Bug: one of the messages could not be read.
  [[nodiscard]] Result<WgDevice> finish() &&;

 private:
  WgDevice device_;
  bool malformed_ = false;
};

}  // namespace cw::netlink
