// SPDX-License-Identifier: Apache-2.0
#include "cli/peer_view.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/printable.h"
#include "base/rfc3339.h"
#include "cli/json_text.h"

namespace cw::cli {

namespace {

using Json = nlohmann::json;

std::string joined(const std::vector<std::string>& texts) {
  return fmt::format("{}", fmt::join(texts, ", "));
}

Paint paint_of(const PeerState& peer) {
  return peer.stale.must ? Paint::Red : peer.stale.may.empty() ? Paint::Plain : Paint::Yellow;
}

Json json_of(const PeerState& state) {
  const auto& peer = state.peer;
  Json json = {{"name", peer.name},
               {"public_key", peer.public_key.to_text()},
               {"address", peer.address.to_text()},
               {"user", peer.user},
               {"groups", peer.groups},
               {"sites", peer.sites},
               {"home", peer.home},
               {"state", state.state()},
               {"configuration",
                {{"known", peer.issued.has_value()},
                 {"must_be_renewed", state.stale.must},
                 {"lacks", state.stale.may}}}};
  if (peer.expires) {
    json["expires"] = to_rfc3339(*peer.expires);
  }
  return json;
}

}  // namespace

std::string PeerState::state() const {
  return !peer.enabled ? "disabled" : expired ? "expired" : "enabled";
}

std::string PeerState::configuration() const {
  if (!peer.issued) {
    return "unknown";
  }
  if (stale.must) {
    return "must be renewed";
  }
  return stale.may.empty() ? "current" : "works, lacks " + joined(stale.may);
}

std::vector<PeerState> peer_states(const network::Directory& directory,
                                   const network::Netmap& netmap, WallTime now) {
  auto stale = network::stale_peers(directory, netmap);
  std::vector<PeerState> states;
  states.reserve(netmap.peers.size());
  auto next = stale.begin();  // both are sorted by name
  for (const auto& peer : netmap.peers) {
    PeerState state{.peer = peer, .expired = peer.expires && *peer.expires <= now, .stale = {}};
    if (next != stale.end() && next->peer == peer.name) {
      state.stale = std::move(*next++);
    }
    states.push_back(std::move(state));
  }
  return states;
}

std::string list_text(const std::vector<PeerState>& peers, Colour colour) {
  if (peers.empty()) {
    return "no peers; `causeway peer add NAME` makes one\n";
  }
  std::vector<std::vector<Cell>> rows;
  for (const auto& state : peers) {
    const auto& peer = state.peer;
    rows.push_back({{.text = peer.name, .paint = Paint::Bold},
                    {.text = printable(peer.user)},
                    {.text = peer.address.to_text()},
                    {.text = peer.home},
                    {.text = joined(peer.sites)},
                    {.text = state.state(),
                     .paint = state.state() == "enabled" ? Paint::Plain : Paint::Yellow},
                    {.text = state.configuration(), .paint = paint_of(state)}});
  }
  return table({{.title = "PEER"},
                {.title = "USER"},
                {.title = "ADDRESS"},
                {.title = "HOME"},
                {.title = "SITES"},
                {.title = "STATE"},
                {.title = "CONFIGURATION"}},
               rows, colour);
}

std::string stale_text(const std::vector<PeerState>& peers, Colour colour) {
  std::vector<std::vector<Cell>> rows;
  for (const auto& state : peers) {
    if (state.stale.must || !state.stale.may.empty()) {
      rows.push_back({{.text = state.peer.name, .paint = Paint::Bold},
                      {.text = printable(state.peer.user)},
                      {.text = state.configuration(), .paint = paint_of(state)}});
    }
  }
  std::ranges::stable_sort(rows, {},
                           [](const auto& row) { return row.back().paint != Paint::Red; });
  return rows.empty() ? "every configuration that is known is current\n"
                      : table({{.title = "PEER"}, {.title = "USER"}, {.title = "CONFIGURATION"}},
                              rows, colour);
}

std::string show_text(const PeerState& state) {
  const auto& peer = state.peer;
  std::string text = fmt::format("peer           {}\n", peer.name);
  const auto add = [&](std::string_view what, const std::string& value) {
    text += value.empty() ? "" : fmt::format("{:<14} {}\n", what, value);
  };
  add("user", printable(peer.user));
  add("groups", joined(peer.groups));
  add("state", state.state());
  add("expires", peer.expires ? to_rfc3339(*peer.expires) : "");
  add("public key", peer.public_key.to_text());
  add("address", peer.address.to_text());
  add("home", peer.home);
  add("sites", joined(peer.sites));
  add("configuration", state.configuration());
  return text;
}

std::string peers_json(const std::vector<PeerState>& peers) {
  Json list = Json::array();
  for (const auto& peer : peers) {
    list.push_back(json_of(peer));
  }
  return json_text(list);
}

std::string peer_json(const PeerState& peer) {
  return json_text(json_of(peer));
}

}  // namespace cw::cli
