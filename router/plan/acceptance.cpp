// SPDX-License-Identifier: Apache-2.0
#include "router/plan/acceptance.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/rfc3339.h"

namespace cw::router {

namespace {

using network::minisign::PublicKey;

constexpr int kSignatureLines = 4;

std::string_view signature_of(std::string_view bundle) {
  std::size_t end = 0;
  for (int line = 0; line < kSignatureLines; ++line) {
    const auto found = bundle.find('\n', end);
    if (found == std::string_view::npos) {
      return bundle;
    }
    end = found + 1;
  }
  return bundle.substr(0, end);
}

bool has(const std::vector<PublicKey>& keys, const PublicKey& key) {
  return std::ranges::find(keys, key) != keys.end();
}

Result<> is_of_network(const net::Prefix& offered, const std::optional<net::Prefix>& wanted,
                       std::string_view whose) {
  if (wanted && *wanted != offered) {
    return Error::invalid(fmt::format("it is of another network: {}, and {} is {}",
                                      offered.to_text(), whose, wanted->to_text()));
  }
  return {};
}

Result<network::Signed> verify(std::string_view bundle, const Trust& trust) {
  auto verified = CW_TRY(network::verify_bundle(bundle, trust.keys));
  CW_TRY(is_of_network(verified.statement.network, trust.network_id,
                       "the `network_id` of router.toml"));
  return verified;
}

Result<Accepted> open(const network::Signed& verified, std::string_view bundle) {
  auto netmap = CW_TRY(network::open_body(verified));
  auto becomes = in_force(netmap, verified.statement, bundle);
  return Accepted{
      .netmap = std::move(netmap), .statement = verified.statement, .becomes = std::move(becomes)};
}

std::string named(const network::Statement& statement) {
  return fmt::format("serial {} of {}", statement.serial, to_rfc3339(statement.time));
}

// Of the network that is offered. A router is moved to another one by its router.toml alone.
Result<Floor> floor_of(const network::Statement& offered, const Trust& trust, const Floor& floor) {
  if (!floor.network_id || *floor.network_id == offered.network) {
    return floor;
  }
  if (trust.network_id) {
    return Floor{};
  }
  return Error::invalid(fmt::format(
      "it is of another network: {}, and this router was in {}; if it is to move, say so by "
      "`network_id` in router.toml",
      offered.network.to_text(), floor.network_id->to_text()));
}

// When nobody takes it any more. None: it is not on trial.
std::optional<WallTime> over_at(const network::Statement& statement) {
  return statement.confirm ? std::optional(statement.time + *statement.confirm + kClockSlack)
                           : std::nullopt;
}

Result<> is_not_over(const network::Statement& offered, WallTime at) {
  if (const auto over = over_at(offered); over && at >= *over) {
    return Error::make(
        ErrorKind::Exists,
        fmt::format("its trial is over by this router's clock: {}, for {} s, and nobody confirmed "
                    "it; publish again",
                    named(offered), offered.confirm.value_or(std::chrono::seconds(0)).count()));
  }
  return {};
}

Result<> is_newer(const network::Statement& offered, const InForce& now, const Floor& floor) {
  if (now.statement && offered.serial < now.statement->serial) {
    return Error::make(ErrorKind::Exists, fmt::format("it is older: {}, and {} is in force",
                                                      named(offered), named(*now.statement)));
  }
  if (now.statement && offered.serial == now.statement->serial) {
    return Error::invalid(fmt::format(
        "it is another file with the serial of the one in force: {}; publish it again, which "
        "gives it a serial of its own",
        named(offered)));
  }
  if (offered.serial <= floor.given_up) {
    return Error::make(
        ErrorKind::Exists,
        fmt::format("{} is not taken: this router took serial {} on trial, nobody confirmed it in "
                    "time, and it went back; publish again, with a higher serial",
                    named(offered), floor.given_up));
  }
  if (offered.serial < floor.serial) {
    return Error::make(ErrorKind::Exists,
                       fmt::format("it is older: {}, and serial {} was in force on this router",
                                   named(offered), floor.serial));
  }
  return {};
}

// All but its content. Nothing: it is the one in force.
Result<std::optional<network::Signed>> admit(std::string_view bundle, const Trust& trust,
                                             const std::optional<InForce>& now, const Floor& floor,
                                             WallTime at) {
  const auto verified = CW_TRY(verify(bundle, trust));
  if (now) {
    CW_TRY(is_of_network(verified.statement.network, now->network_id, "the one in force"));
    if (now->statement && now->signature == signature_of(bundle)) {
      return std::optional<network::Signed>();
    }
    if (!now->signers.empty() && !has(now->signers, verified.signer)) {
      return Error::make(
          ErrorKind::Permission,
          fmt::format("it is signed by {}, which router.toml trusts and the `signers` of the "
                      "network in force do not name; a key that they name has to sign the netmap "
                      "that names another",
                      verified.signer.to_text()));
    }
  }
  const auto bound = CW_TRY(floor_of(verified.statement, trust, floor));
  CW_TRY(is_newer(verified.statement, now.value_or(InForce{}), bound));
  CW_TRY(is_not_over(verified.statement, at));
  return std::optional(verified);
}

Result<> only_takes_away(const HeldRevocations& offered, const InForce& now,
                         const std::optional<HeldRevocations>& held) {
  std::uint64_t last = now.statement ? now.statement->revocations : 0;
  if (held) {
    last = std::max(last, held->statement.serial);
    if (const auto missing = network::let_in_by(held->list, offered.list); !missing.empty()) {
      return Error::make(
          ErrorKind::Permission,
          fmt::format("they lack {}, which the list that is held revokes: a revoker cannot let "
                      "anybody in again; one of the `signers` has to sign that",
                      fmt::join(missing, ", ")));
    }
  }
  if (offered.statement.serial > last &&
      offered.statement.serial - last > network::kLongestRevokerStep) {
    return Error::make(
        ErrorKind::Permission,
        fmt::format("serial {} is too far above {}, the last one: only one of the `signers` may "
                    "sign it",
                    offered.statement.serial, last));
  }
  return {};
}

}  // namespace

Floor raised(Floor floor, const network::Statement& taken) {
  if (floor.network_id && *floor.network_id != taken.network) {
    floor = {};
  }
  floor.network_id = taken.network;
  auto& highest = taken.content == network::Content::Netmap ? floor.serial : floor.revocations;
  highest = std::max(highest, taken.serial);
  return floor;
}

InForce in_force(const network::Netmap& netmap) {
  return {.network_id = netmap.ula,
          .signers = netmap.signers,
          .revokers = netmap.revokers,
          .statement = std::nullopt,
          .signature = {}};
}

InForce in_force(const network::Netmap& netmap, const network::Statement& statement,
                 std::string_view bundle) {
  auto now = in_force(netmap);
  now.statement = statement;
  now.signature = signature_of(bundle);
  return now;
}

Result<std::optional<Accepted>> accept(std::string_view bundle, const Trust& trust,
                                       const std::optional<InForce>& now, const Floor& floor,
                                       WallTime at) {
  const auto admitted = CW_TRY(admit(bundle, trust, now, floor, at));
  if (!admitted) {
    return std::optional<Accepted>();
  }
  return std::optional<Accepted>(CW_TRY(open(*admitted, bundle)));
}

std::uint64_t newer_serial(std::string_view bundle, const Trust& trust,
                           const std::optional<InForce>& now, const Floor& floor, WallTime at) {
  const auto admitted = admit(bundle, trust, now, floor, at).value_or(std::nullopt);
  return admitted && !admitted->statement.confirm ? admitted->statement.serial : 0;
}

Result<Accepted> resume(std::string_view bundle, const Trust& trust) {
  const auto verified = CW_TRY(verify(bundle, trust));
  return open(verified, bundle);
}

std::optional<WallTime> goes_back_at(const network::Statement& statement, WallTime taken) {
  const auto over = over_at(statement);
  return over && statement.confirm ? std::optional(std::min(taken + *statement.confirm, *over))
                                   : std::nullopt;
}

Result<std::optional<HeldRevocations>> accept_revocations(
    std::string_view bundle, const Trust& trust, const InForce& now,
    const std::optional<HeldRevocations>& held) {
  const auto& signers = now.signers.empty() ? trust.keys : now.signers;
  auto may = signers;
  may.insert(may.end(), now.revokers.begin(), now.revokers.end());
  const auto verified = CW_TRY(network::verify_bundle(bundle, may, network::Content::Revocations));
  CW_TRY(is_of_network(verified.statement.network, now.network_id, "the one in force"));
  auto list = CW_TRY(network::open_revocations(verified));
  HeldRevocations offered{.statement = verified.statement, .list = std::move(list)};
  if (held && offered.statement.serial <= held->statement.serial) {
    if (offered == *held) {
      return std::optional<HeldRevocations>();
    }
    return Error::make(ErrorKind::Exists,
                       fmt::format("they are not newer: {}, and {} is held",
                                   named(offered.statement), named(held->statement)));
  }
  if (!has(signers, verified.signer)) {
    CW_TRY(only_takes_away(offered, now, held));
  }
  return std::optional(std::move(offered));
}

Result<> is_not_older(const network::Statement& list, const Floor& floor) {
  if (floor.network_id == list.network && list.serial < floor.revocations) {
    return Error::make(ErrorKind::Exists,
                       fmt::format("they are older: {}, and this router held serial {}",
                                   named(list), floor.revocations));
  }
  return {};
}

bool count(const HeldRevocations& held, const InForce& now) {
  return !now.statement || held.statement.serial > now.statement->revocations;
}

network::Netmap curtailed(network::Netmap netmap, const Curtailment& curtailment) {
  if (!curtailment.revoked.revoked.empty()) {
    netmap = network::without(std::move(netmap), curtailment.revoked);
  }
  if (curtailment.expiring) {
    for (auto& peer : netmap.peers) {
      peer.enabled = peer.enabled && !peer.expires;
    }
  }
  return netmap;
}

network::Revocations still_needed(network::Revocations revocations, const network::Netmap& netmap) {
  std::set<net::PublicKey> enabled;
  for (const auto& peer : netmap.peers) {
    if (peer.enabled) {
      enabled.insert(peer.public_key);
    }
  }
  std::erase_if(revocations.revoked, [&](const network::Revocation& revocation) {
    return !enabled.contains(revocation.public_key);
  });
  return revocations;
}

}  // namespace cw::router
