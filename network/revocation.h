// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/key.h"
#include "network/netmap.h"
#include "network/signed_netmap.h"

// Emergency revocation: a small second file beside the netmap that can only take away. It lists
// public keys of peers; a router treats those as disabled while the file's serial is above what the
// netmap in force acknowledges (Statement::revocations). It is a bundle like the netmap's, signed
// by a key of `signers` or `revokers`. Body, in one canonical form:
//
//   {"format":1,"revoked":[{"peer":"alice-laptop","public_key":"...","time":"..."}]}
//
// Reading refuses everything else. Pure; linear.
namespace cw::network {

struct Revocation {
  std::string peer;  // for people; the key decides, so that a rotated key is another device
  net::PublicKey public_key;
  WallTime time;

  friend bool operator==(const Revocation&, const Revocation&) = default;
};

struct Revocations {
  std::vector<Revocation> revoked;  // by public key, each once

  friend bool operator==(const Revocations&, const Revocations&) = default;
};

// Of a bundle: some 7,000 of them. Routers ask for it every few seconds.
inline constexpr std::size_t kLargestRevocations = std::size_t{1} << 20U;

// A revoker who is no signer can only take away: the next list has all keys of this one, and a
// serial at most so far above it that others can follow. A list that is begun anew has the seconds
// since 1970 for a serial, and two million such steps lead to the largest.
inline constexpr std::uint64_t kLongestRevokerStep = std::uint64_t{1} << 32U;

// The peers of `before` whose keys `after` lacks.
[[nodiscard]] std::vector<std::string> let_in_by(const Revocations& before,
                                                 const Revocations& after);

[[nodiscard]] std::string to_json(const Revocations& revocations);
Result<Revocations> revocations_from_json(std::string_view text);

// Of a bundle that verify_bundle(..., Content::Revocations) took.
Result<Revocations> open_revocations(const Signed& signed_revocations);

// Adds one, or leaves it as it is; takes one away, or says that there is none.
[[nodiscard]] Revocations with(Revocations revocations, Revocation added);
Result<Revocations> restored(Revocations revocations, std::string_view peer);

// Those peers are disabled; keys that no peer has mean nothing.
[[nodiscard]] Netmap without(Netmap netmap, const Revocations& revocations);

}  // namespace cw::network
