// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "network/netmap.h"
#include "network/revocation.h"
#include "network/signed_netmap.h"

// What may be signed next for a network, and with which statement: refuses here, in front of
// whoever publishes, what every router would refuse later. Pure.
namespace cw::network {

// A verified bundle, opened.
struct Published {
  Statement statement;
  minisign::PublicKey signer;
  Netmap netmap;
  std::string body;
};

Result<Published> open_published(std::string_view bundle,
                                 std::span<const minisign::PublicKey> trusted);

struct PublishedRevocations {
  Statement statement;
  minisign::PublicKey signer;
  Revocations list;
};

// Signed by one of the signers that it names itself: whole and unaltered, but whoever can write to
// the place could have named others. For emergencies, in which waiting is worse.
Result<Published> open_by_its_own_signers(std::string_view bundle);

// Signed by a signer or revoker of the netmap or by a key of `trusted`, and of its network.
Result<PublishedRevocations> open_published_revocations(
    std::string_view bundle, const Netmap& netmap, std::span<const minisign::PublicKey> trusted);

// Peers that are revoked, and that this netmap lets in.
[[nodiscard]] std::vector<std::string> still_let_in(const Netmap& netmap,
                                                    const Revocations& revocations);

struct Candidate {
  const Netmap& netmap;
  minisign::PublicKey key;                        // who signs
  const Published* in_force = nullptr;            // what it replaces, where there is something
  const PublishedRevocations* revoked = nullptr;  // the list beside it, where there is one
  std::uint64_t lowest_serial = 1;
  std::optional<std::chrono::seconds> confirm = {};
  bool may_lock_out = false;  // the signer need not be a signer of it
};

// The statement of the next netmap: the next serial, and which list of revocations it takes in.
// That is the newest one if all that it revokes is locked out by the netmap itself; otherwise the
// newest one stays in force beside it. Permission: the key may not sign. Exhausted: a serial over
// the largest. Invalid: another network, it locks out its own signer, or it ends a revocation whose
// signer it does not name any more.
Result<Statement> next_statement(const Candidate& candidate, WallTime now);

struct RevocationCandidate {
  const Published& in_force;
  const Revocations& list;
  minisign::PublicKey key;                       // who signs
  const PublishedRevocations* before = nullptr;  // what it replaces, where there is something
  std::uint64_t lowest_serial = 1;
};

// Of the next list of revocations. Where there is none, the serial is the seconds since 1970: it
// may have been lost, and routers hold it still. Permission: the key may not sign, or is a
// revoker's and would let somebody in again. Exhausted: there is no higher serial that routers take
// from this key.
Result<Statement> next_revocations(const RevocationCandidate& candidate, WallTime now);

}  // namespace cw::network
