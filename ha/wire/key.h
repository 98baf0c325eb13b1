// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/key.h"

// The key of a gateway's heartbeats, which its siblings have because they share its private key,
// and nobody else has: libsodium's crypto_kdf (BLAKE2b, keyed; RFC 7693) of the WireGuard private
// key, subkey 1 in the context "cwhabeat". Who learns it learns nothing about the private key. It
// cannot be printed or copied, and is wiped when it goes. Deriving costs a microsecond; keep it.
namespace cw::ha::wire {

class HeartbeatKey {
 public:
  explicit HeartbeatKey(const net::PrivateKey& gateway);

  HeartbeatKey(HeartbeatKey&& other) noexcept;
  HeartbeatKey& operator=(HeartbeatKey&& other) noexcept;
  HeartbeatKey(const HeartbeatKey&) = delete;
  HeartbeatKey& operator=(const HeartbeatKey&) = delete;
  ~HeartbeatKey();

  // For seal() and open() alone.
  [[nodiscard]] std::span<const std::uint8_t, net::kKeySize> expose() const { return bytes_; }

 private:
  net::KeyBytes bytes_{};
};

}  // namespace cw::ha::wire
