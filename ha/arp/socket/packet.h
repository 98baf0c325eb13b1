// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ha/arp/filter.h"
#include "ha/arp/frame.h"

// Ethernet frames of one EtherType and one interface, in and out (packet(7)). The filter is in
// force before the first frame can come. Survives its interface going down and up, not its end.
// Needs CAP_NET_RAW. Never blocks; one thread. Costs a descriptor, and the filter for each frame of
// that type that the interface receives.
namespace cw::ha::arp {

class PacketSocket {
 public:
  static Result<PacketSocket> open(int index, std::uint16_t ether_type, const Filter& filter);

  // Sends on the interface a frame of its EtherType.
  Result<> send(Bytes frame);

  // The next that waits; none: no more. Good until the next call. An interface that went down is no
  // error.
  Result<std::optional<Bytes>> receive();

  [[nodiscard]] int fd() const { return fd_.get(); }

  [[nodiscard]] int index() const { return index_; }

 private:
  PacketSocket(UniqueFd fd, int index) : fd_(std::move(fd)), index_(index) {}

  UniqueFd fd_;
  int index_;
  std::array<std::uint8_t, kMostRead> buffer_{};
};

}  // namespace cw::ha::arp
