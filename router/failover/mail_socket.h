// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ha/wire/sealed.h"
#include "net/endpoint.h"

// Datagrams to and from siblings, on one UDP port of all addresses of this host. Says of each when
// the kernel received it, by the wall clock: what waited while we did not run is not taken for a
// clock's difference. Never blocks; one thread.
namespace cw::failover {

// As of internetwork control (RFC 2474: CS6): a full link drops them last.
inline constexpr int kTrafficClass = 0xc0;
inline constexpr std::size_t kMostDatagram = ha::wire::kMostLetterBytes;

struct Received {
  std::span<const std::uint8_t> bytes;  // good until the next call
  std::optional<std::int64_t> wall;     // ms since 1970; none: the kernel does not say
};

class MailSocket {
 public:
  // Of one family. Exists: somebody else has the port.
  static Result<MailSocket> open(net::Family family, std::uint16_t port);

  // Retryable: not now (a full queue, an interface that is down); the next heartbeat says the same.
  Result<> send(const net::SocketAddress& to, std::span<const std::uint8_t> bytes);

  // The next that waits; none: no more. What is too long for one of ours comes cut off.
  Result<std::optional<Received>> receive();

  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit MailSocket(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  std::array<std::uint8_t, kMostDatagram + 1> buffer_{};
};

}  // namespace cw::failover
