// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "cli/netmap_verbs.h"
#include "cli/published.h"
#include "cli/signing.h"

namespace cw::cli {

namespace {

using network::Published;
using network::Revocations;

// More people than this do not revoke in the same second.
constexpr int kMostTries = 10;

// Whoever revokes need not have signed the network, and in an emergency may not know who did.
Result<Published> read_network_in_force(const Target& target,
                                        const std::vector<network::minisign::PublicKey>& trusted) {
  const auto answer = CW_TRY(target.get());
  if (!answer || !answer->content) {
    return Error::make(ErrorKind::NotFound, "nothing was published to " + target.text());
  }
  auto published = network::open_published(*answer->content, trusted);
  if (!published && published.error().kind == ErrorKind::Permission) {
    published = network::open_by_its_own_signers(*answer->content);
  }
  return in_context(std::move(published), target.text());
}

Result<Revocations> changed(Revocations list, const RevokeOptions& options,
                            const network::Netmap& netmap) {
  if (options.restore) {
    return network::restored(std::move(list), options.peer);
  }
  const auto peer = std::ranges::find(netmap.peers, options.peer, &network::Peer::name);
  if (peer == netmap.peers.end()) {
    return Error::make(ErrorKind::NotFound,
                       fmt::format("the published network has no peer {}; `causeway status` on a "
                                   "router names those that are connected",
                                   options.peer));
  }
  return network::with(
      std::move(list),
      {.peer = peer->name, .public_key = peer->public_key, .time = SystemClock().wall()});
}

// A list that was begun anew knows nobody of the one before.
void say_that_there_was_none(const Target& target, bool signer) {
  print(stderr,
        fmt::format("there was no list at {}{}: if one was lost, revoke again whom it named{}\n",
                    target.text(), kRevoked,
                    signer ? ""
                           : "; routers that hold it take none that lacks them from this key, "
                             "which is a revoker's"));
}

void say_done(const RevokeOptions& options, const Target& target,
              const network::Statement& statement) {
  print(stdout,
        fmt::format("{} {}: list {} of network {} is at {}{}; routers take it within ten "
                    "seconds\n",
                    options.peer, options.restore ? "is let in again" : "is revoked",
                    statement.serial, statement.network.to_text(), target.text(), kRevoked));
  if (!options.restore) {
    print(stdout, fmt::format("next, for good: `enabled = false` in peers/{}.toml, and publish\n",
                              options.peer));
  }
}

// Exists: somebody else changed the list in between.
Result<int> try_once(const RevokeOptions& options, const Target& target,
                     const network::minisign::SecretKey& key,
                     const std::vector<network::minisign::PublicKey>& trusted) {
  const auto in_force = CW_TRY(read_network_in_force(target, trusted));
  const auto current = CW_TRY(read_revoked(target, in_force.netmap, trusted));
  const auto* before = current ? &current->published : nullptr;
  const auto list =
      CW_TRY(changed(before != nullptr ? before->list : Revocations(), options, in_force.netmap));
  if (before != nullptr && list == before->list &&
      before->statement.serial > in_force.statement.revocations) {
    print(stdout, fmt::format("{} is revoked already\n", options.peer));
    return kDone;
  }
  const auto statement = CW_TRY(network::next_revocations({.in_force = in_force,
                                                           .list = list,
                                                           .key = key.public_key(),
                                                           .before = before,
                                                           .lowest_serial = options.serial},
                                                          SystemClock().wall()));
  const auto bundle = network::make_bundle(to_json(list), statement, key);
  if (bundle.size() > network::kLargestRevocations) {
    return Error::make(ErrorKind::Exhausted,
                       "the list of revocations is full; publish a network that locks them out, "
                       "and take some back with --restore");
  }
  CW_TRY(target.put(kRevoked, bundle,
                    {.nothing = !current, .version = current ? current->version : ""}));
  say_done(options, target, statement);
  if (!current) {
    const auto& signers = in_force.netmap.signers;
    say_that_there_was_none(
        target, signers.empty() || std::ranges::binary_search(signers, key.public_key()));
  }
  return kDone;
}

// Of two who revoke at the same time, the second reads again and adds to what the first wrote.
Result<int> run(const RevokeOptions& options) {
  const auto target = CW_TRY(Target::open(options.target.target, options.target.ca_file));
  const auto key = CW_TRY(open_key(options.signing));
  auto trusted = CW_TRY(find_keys(options.target.trust));
  trusted.push_back(key.public_key());
  for (int tries = 1;; ++tries) {
    auto done = try_once(options, target, key, trusted);
    if (done || done.error().kind != ErrorKind::Exists || tries == kMostTries) {
      return done;
    }
  }
}

}  // namespace

int revoke(const RevokeOptions& options, const Terminal& terminal) {
  return finish(run(options), terminal);
}

}  // namespace cw::cli
