// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "net/key.h"
#include "net/secret.h"

// A gateway's private key under a passphrase, as text: for the safe, so that a machine or an
// account that is lost does not cost every client its configuration. Lines of ASCII:
//
//   causeway gateway key 1
//   network fd5e:3a1c:9b04::/48
//   gateway main
//   public-key aPxGwq8z...
//   argon2id 3 268435456 SALT           passes, bytes of memory
//   secretbox NONCE BOX
//
// Argon2id (RFC 9106) makes a key of the passphrase, BLAKE2b mixes the lines above into it, and
// XSalsa20-Poly1305 (NaCl's secretbox) seals the 32 bytes: a line that was changed opens nothing.
// Reading refuses any other form, and a cost that would take the machine down. Pure but for the
// kernel's randomness. Sealing and opening take about a second and 256 MiB.
namespace cw::network {

struct SealedName {
  std::string network;  // its ULA
  std::string gateway;
  net::PublicKey public_key;

  friend bool operator==(const SealedName&, const SealedName&) = default;
};

struct SealCost {
  std::uint64_t passes = 3;  // libsodium's MODERATE
  std::size_t memory = std::size_t{256} << 20U;
};

inline constexpr std::size_t kLargestSealedKey = 4096;
inline constexpr std::size_t kShortestPassphrase = 8;  // characters; the sealed key may be copied

// ErrorKind::Invalid: the passphrase is too short. Exhausted: there is no memory.
Result<std::string> seal(const net::PrivateKey& key, std::string_view network,
                         std::string_view gateway, const net::Secret& passphrase,
                         const SealCost& cost = {});

// What it says it is; nothing vouches for that before it is opened.
Result<SealedName> sealed_name(std::string_view sealed);

// ErrorKind::Permission: the passphrase is wrong or the text was changed.
Result<net::PrivateKey> unseal(std::string_view sealed, const net::Secret& passphrase);

}  // namespace cw::network
