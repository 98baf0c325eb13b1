// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "network/minisign.h"
#include "network/netmap.h"
#include "network/statement.h"

// The signed file, a bundle, that routers fetch: the four lines of a minisign signature over the
// body, then the body, which is a netmap (netmap_json.h) or a list of revocations (revocation.h).
// What is said about it is in the trusted comment (statement.h). One fetch is whole or refused:
// changing any byte makes verify_bundle() fail. `minisign` verifies it when it is cut in two:
//
//   head -n 4 netmap > netmap.minisig; tail -n +5 netmap > body
//   minisign -V -P RW... -m body -x netmap.minisig
//
// Pure. Cost: linear, 10 ms for 4 MB; no copy of the body.
namespace cw::network {

// Of the whole bundle; a larger one is refused unread.
inline constexpr std::size_t kLargestSignedNetmap = std::size_t{64} << 20U;

// The first line of every bundle: nobody vouches for it, so it says one thing.
inline constexpr std::string_view kBundleComment =
    "four lines of a minisign signature, then what it signs";

// Verified, not parsed. `body` points into the bundle.
struct Signed {
  Statement statement;
  minisign::PublicKey signer;
  std::string_view body;
};

// Permission: none of `trusted` signed it. Exhausted: it is too large. Invalid: it is no bundle,
// cut off, altered, or its statement is about something else than `content`.
Result<Signed> verify_bundle(std::string_view bundle, std::span<const minisign::PublicKey> trusted,
                             Content content = Content::Netmap);

// What a bundle says of itself, which nobody vouches for: for messages about one that is not
// trusted, and for looking into a file.
struct Claim {
  Statement statement;
  minisign::KeyId signer{};
  std::string_view body;
};

Result<Claim> read_claim(std::string_view bundle);
Result<Statement> read_statement(std::string_view bundle);

[[nodiscard]] std::string make_bundle(std::string_view body, const Statement& statement,
                                      const minisign::SecretKey& key);

// The netmap in a verified bundle: parsed and checked as a directory is. Unsupported: it needs a
// feature or a format that this version lacks. Invalid: any mistake, or it is of another network
// than the statement says.
Result<Netmap> open_body(const Signed& signed_netmap);

}  // namespace cw::network
