// SPDX-License-Identifier: Apache-2.0
#include "network/revocation.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/rfc3339.h"
#include "network/json_depth.h"
#include "network/limits.h"
#include "network/name.h"

namespace cw::network {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;

Result<std::string> text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return Error::invalid(fmt::format("a revocation lacks its `{}`", key));
  }
  return found->get<std::string>();
}

Result<Revocation> to_revocation(const Json& object) {
  if (!object.is_object()) {
    return Error::invalid("a revocation is no object");
  }
  const auto peer = CW_TRY(text_at(object, "peer"));
  const auto key = CW_TRY(text_at(object, "public_key"));
  const auto time = CW_TRY(text_at(object, "time"));
  Revocation one;
  one.peer = CW_TRY(parse_name(peer));
  one.public_key = CW_TRY(net::PublicKey::parse(key));
  one.time = CW_TRY(from_rfc3339(time));
  return one;
}

Result<Revocations> read(std::string_view text) {
  if (text.size() > kLargestRevocations) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("it is larger than {} MiB", kLargestRevocations >> 20U));
  }
  CW_TRY(check_depth(text));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("format") || !json.contains("revoked") ||
      !json["revoked"].is_array()) {
    return Error::invalid("it is not a JSON object of `format` and `revoked`");
  }
  if (json["format"] != kFormat) {
    return Error::make(ErrorKind::Unsupported,
                       fmt::format("it is not of format {}, the one this version reads", kFormat));
  }
  const Json& list = json["revoked"];
  if (list.size() > kMostPeers) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("it revokes more than {} keys", kMostPeers));
  }
  Revocations revocations;
  for (const Json& each : list) {
    revocations.revoked.push_back(CW_TRY(to_revocation(each)));
  }
  const auto key = [](const Revocation& one) -> const auto& { return one.public_key; };
  const auto not_after = [&](const auto& one, const auto& other) {
    return !(key(one) < key(other));
  };
  if (std::ranges::adjacent_find(revocations.revoked, not_after) != revocations.revoked.end() ||
      to_json(revocations) != text) {
    return Error::invalid("it is not in canonical form");
  }
  return revocations;
}

}  // namespace

std::vector<std::string> let_in_by(const Revocations& before, const Revocations& after) {
  std::vector<std::string> names;
  for (const Revocation& one : before.revoked) {
    if (!std::ranges::binary_search(after.revoked, one.public_key, {}, &Revocation::public_key)) {
      names.push_back(one.peer);
    }
  }
  return names;
}

std::string to_json(const Revocations& revocations) {
  Json list = Json::array();
  for (const Revocation& one : revocations.revoked) {
    list.push_back({{"peer", one.peer},
                    {"public_key", one.public_key.to_text()},
                    {"time", to_rfc3339(one.time)}});
  }
  return Json{{"format", kFormat}, {"revoked", std::move(list)}}.dump(
      -1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

Result<Revocations> revocations_from_json(std::string_view text) {
  return in_context(read(text), "this list of revocations cannot be used");
}

Result<Revocations> open_revocations(const Signed& signed_revocations) {
  return revocations_from_json(signed_revocations.body);
}

Revocations with(Revocations revocations, Revocation added) {
  auto& list = revocations.revoked;
  const auto at = std::ranges::lower_bound(list, added.public_key, {}, &Revocation::public_key);
  if (at == list.end() || at->public_key != added.public_key) {
    list.insert(at, std::move(added));
  }
  return revocations;
}

Result<Revocations> restored(Revocations revocations, std::string_view peer) {
  if (std::erase_if(revocations.revoked, [&](const auto& one) { return one.peer == peer; }) == 0) {
    return Error::make(ErrorKind::NotFound, fmt::format("{} is not revoked", peer));
  }
  return revocations;
}

Netmap without(Netmap netmap, const Revocations& revocations) {
  for (Peer& peer : netmap.peers) {
    if (std::ranges::binary_search(revocations.revoked, peer.public_key, {},
                                   &Revocation::public_key)) {
      peer.enabled = false;
    }
  }
  return netmap;
}

}  // namespace cw::network
