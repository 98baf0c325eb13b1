// SPDX-License-Identifier: Apache-2.0
#include "ha/wire/key.h"

#include <sodium.h>

namespace cw::ha::wire {

namespace {

constexpr std::uint64_t kSubkey = 1;
constexpr char kContext[crypto_kdf_CONTEXTBYTES + 1] = "cwhabeat";
static_assert(crypto_kdf_KEYBYTES == net::kKeySize);

}  // namespace

HeartbeatKey::HeartbeatKey(const net::PrivateKey& gateway) {
  crypto_kdf_derive_from_key(bytes_.data(), bytes_.size(), kSubkey, kContext,
                             gateway.expose().data());
}

HeartbeatKey::HeartbeatKey(HeartbeatKey&& other) noexcept : bytes_(other.bytes_) {
  net::wipe(other.bytes_);
}

HeartbeatKey& HeartbeatKey::operator=(HeartbeatKey&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    net::wipe(other.bytes_);
  }
  return *this;
}

HeartbeatKey::~HeartbeatKey() {
  net::wipe(bytes_);
}

}  // namespace cw::ha::wire
