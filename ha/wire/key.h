// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "net/key.h"

// The keys of what a gateway's siblings say to each other, which they have because they share its
// private key, and nobody else has: libsodium's crypto_kdf (BLAKE2b, keyed; RFC 7693) of the
// WireGuard private key, one subkey for each purpose, each a type of its own so that none is taken
// for another. Who learns one learns nothing about the private key or the other. It cannot be
// printed or copied, and is wiped when it goes. Deriving costs a microsecond; keep it.
namespace cw::ha::wire {

enum class Purpose : std::uint8_t {
  Heartbeats,  // subkey 1 in the context "cwhabeat"; heartbeat.h
  Letters,     // subkey 2 in the context "cwhaseal"; sealed.h
};

template <Purpose kPurpose>
class SiblingKey {
 public:
  explicit SiblingKey(const net::PrivateKey& gateway);

  SiblingKey(SiblingKey&& other) noexcept;
  SiblingKey& operator=(SiblingKey&& other) noexcept;
  SiblingKey(const SiblingKey&) = delete;
  SiblingKey& operator=(const SiblingKey&) = delete;
  ~SiblingKey();

  // For seal() and open() alone.
  [[nodiscard]] std::span<const std::uint8_t, net::kKeySize> expose() const { return bytes_; }

 private:
  net::KeyBytes bytes_{};
};

extern template class SiblingKey<Purpose::Heartbeats>;
extern template class SiblingKey<Purpose::Letters>;

using HeartbeatKey = SiblingKey<Purpose::Heartbeats>;
using LetterKey = SiblingKey<Purpose::Letters>;

}  // namespace cw::ha::wire
