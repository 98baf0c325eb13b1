// SPDX-License-Identifier: Apache-2.0
#include "network/publication.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "network/netmap_json.h"

namespace cw::network {

namespace {

using Keys = std::vector<minisign::PublicKey>;

bool is_one_of(const Keys& keys, const minisign::PublicKey& key) {
  return std::ranges::binary_search(keys, key);
}

Result<std::uint64_t> usable(std::uint64_t serial) {
  if (serial > kLargestSerial) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("serial {} is over the largest, {}", serial, kLargestSerial));
  }
  return serial;
}

// A list counts for routers while the netmap names its signer: it must not lapse by the way.
Result<> check_revocations_hold(const Candidate& candidate) {
  const auto& [netmap, key, in_force, revoked, lowest, confirm, may_lock_out] = candidate;
  if (revoked == nullptr || netmap.signers.empty() || is_one_of(netmap.signers, revoked->signer) ||
      is_one_of(netmap.revokers, revoked->signer)) {
    return {};
  }
  const auto names = still_let_in(netmap, revoked->list);
  if (names.empty()) {
    return {};
  }
  return Error::invalid(fmt::format(
      "it would let {} in again: revoked by key {}, which is none of its signers and revokers; "
      "lock "
      "{} out in the peer file, or take the revocation back",
      fmt::join(names, ", "), revoked->signer.name(), names.size() == 1 ? "it" : "them"));
}

std::uint64_t acknowledged(const Candidate& candidate) {
  const auto before = candidate.in_force == nullptr ? 0 : candidate.in_force->statement.revocations;
  if (candidate.revoked == nullptr) {
    return before;
  }
  const auto newest = candidate.revoked->statement.serial;
  return still_let_in(candidate.netmap, candidate.revoked->list).empty()
             ? std::max(before, newest)
             : newest - 1;  // serials begin at 1
}

}  // namespace

Result<Published> open_published(std::string_view bundle,
                                 std::span<const minisign::PublicKey> trusted) {
  const auto checked = CW_TRY(verify_bundle(bundle, trusted));
  auto netmap = CW_TRY(open_body(checked));
  return Published{.statement = checked.statement,
                   .signer = checked.signer,
                   .netmap = std::move(netmap),
                   .body = std::string(checked.body)};
}

Result<Published> open_by_its_own_signers(std::string_view bundle) {
  const auto claim = CW_TRY(read_claim(bundle));
  const auto netmap = CW_TRY(netmap_from_json(claim.body));
  return open_published(bundle, netmap.signers);
}

Result<PublishedRevocations> open_published_revocations(
    std::string_view bundle, const Netmap& netmap, std::span<const minisign::PublicKey> trusted) {
  Keys keys = netmap.signers;
  keys.insert(keys.end(), netmap.revokers.begin(), netmap.revokers.end());
  keys.insert(keys.end(), trusted.begin(), trusted.end());
  const auto checked = CW_TRY(verify_bundle(bundle, keys, Content::Revocations));
  if (checked.statement.network != netmap.ula) {
    return Error::invalid(fmt::format("it is of network {}, the netmap beside it of {}",
                                      checked.statement.network.to_text(), netmap.ula.to_text()));
  }
  auto list = CW_TRY(open_revocations(checked));
  return PublishedRevocations{
      .statement = checked.statement, .signer = checked.signer, .list = std::move(list)};
}

std::vector<std::string> still_let_in(const Netmap& netmap, const Revocations& revocations) {
  std::vector<std::string> names;
  const auto cut = without(netmap, revocations);
  for (std::size_t at = 0; at < netmap.peers.size(); ++at) {
    if (netmap.peers[at].enabled && !cut.peers[at].enabled) {
      names.push_back(netmap.peers[at].name);
    }
  }
  return names;
}

Result<Statement> next_statement(const Candidate& candidate, WallTime now) {
  const auto& [netmap, key, in_force, revoked, lowest, confirm, may_lock_out] = candidate;
  std::uint64_t serial = std::max<std::uint64_t>(lowest, 1);
  if (in_force != nullptr) {
    if (in_force->netmap.ula != netmap.ula) {
      return Error::invalid(
          fmt::format("the target holds network {}, this is network {}: is it the right target?",
                      in_force->netmap.ula.to_text(), netmap.ula.to_text()));
    }
    if (!in_force->netmap.signers.empty() && !is_one_of(in_force->netmap.signers, key)) {
      return Error::make(
          ErrorKind::Permission,
          fmt::format("no router would take it: key {} is none of the signers in the netmap in "
                      "force, serial {}; have one of them publish it",
                      key.name(), in_force->statement.serial));
    }
    serial = std::max(serial, in_force->statement.serial + 1);
  }
  if (!may_lock_out && !netmap.signers.empty() && !is_one_of(netmap.signers, key)) {
    return Error::invalid(
        fmt::format("this locks out the key that publishes it: {} is none of its `signers`; add "
                    "it to network.toml, or say --lock-out",
                    key.name()));
  }
  CW_TRY(check_revocations_hold(candidate));
  return Statement{.content = Content::Netmap,
                   .serial = CW_TRY(usable(serial)),
                   .network = netmap.ula,
                   .time = now,
                   .revocations = acknowledged(candidate),
                   .confirm = confirm};
}

Result<Statement> next_revocations(const RevocationCandidate& candidate, WallTime now) {
  const auto& [in_force, list, key, before, lowest_serial] = candidate;
  const auto& netmap = in_force.netmap;
  const bool signer = netmap.signers.empty() || is_one_of(netmap.signers, key);
  if (!signer && !is_one_of(netmap.revokers, key)) {
    return Error::make(ErrorKind::Permission,
                       fmt::format("no router would take it: key {} is none of the `signers` and "
                                   "`revokers` in the netmap in force, serial {}",
                                   key.name(), in_force.statement.serial));
  }
  auto highest = in_force.statement.revocations;
  if (before != nullptr) {
    highest = std::max(highest, before->statement.serial);
    if (!signer && !let_in_by(before->list, list).empty()) {
      return Error::make(ErrorKind::Permission,
                         fmt::format("no router would take it: key {} is a revoker's, which only "
                                     "locks out; one of the `signers` has to take it back",
                                     key.name()));
    }
  }
  auto serial = std::max(highest + 1, lowest_serial);
  if (before == nullptr) {
    serial = std::max(serial,
                      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                                     std::max(now, WallTime()).time_since_epoch())
                                                     .count()));
  }
  if (!signer && serial - highest > kLongestRevokerStep) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("no router would take serial {} from a revoker: it is too far "
                                   "above {}",
                                   serial, highest));
  }
  return Statement{.content = Content::Revocations,
                   .serial = CW_TRY(usable(serial)),
                   .network = netmap.ula,
                   .time = now};
}

}  // namespace cw::network
