// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "network/minisign.h"

// The bytes of a secret signing key, for the two files that sign with it and write it: only
// minisign.cpp and minisign_secret.cpp include this.
namespace cw::network::minisign {

struct Access {
  static const KeyId& id(const SecretKey& key) { return key.bytes_->id; }

  static KeyId& id(SecretKey& key) { return key.bytes_->id; }

  static std::span<const std::uint8_t, kSecretKeySize> bytes(const SecretKey& key) {
    return key.bytes_->key;
  }

  static std::span<std::uint8_t, kSecretKeySize> bytes(SecretKey& key) { return key.bytes_->key; }

  static Result<SecretKey> allocate() { return SecretKey::allocate(); }
};

}  // namespace cw::network::minisign
