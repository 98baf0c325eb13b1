// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "network/netmap_difference.h"

namespace cw::network {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostNames = 20;  // in a text for people; --json has all

void add(std::string& text, std::string_view heading, const std::vector<std::string>& words) {
  if (words.empty()) {
    return;
  }
  text += fmt::format("{}\n", heading);
  for (const auto& each : words) {
    text += fmt::format("  {}\n", each);
  }
}

void add_reissued(std::string& text, const std::vector<std::string>& peers) {
  if (peers.empty()) {
    return;
  }
  text += fmt::format("clients that must import a new configuration: {}\n", peers.size());
  for (std::size_t at = 0; at < peers.size() && at < kMostNames; ++at) {
    text += fmt::format("  {}\n", peers[at]);
  }
  if (peers.size() > kMostNames) {
    text += fmt::format("  and {} more\n", peers.size() - kMostNames);
  }
}

}  // namespace

std::string to_text(const NetmapDifference& difference) {
  if (difference.empty()) {
    return "nothing changes\n";
  }
  std::string text;
  add(text, "network", difference.network);
  add(text, "signing keys", difference.signers);
  add(text, "sites", difference.sites);
  add(text, "peers", difference.peers);
  if (!difference.rights.empty()) {
    text += "rights\n" + policy::to_text(difference.rights);
  }
  add_reissued(text, difference.reissued);
  if (difference.locked_out) {
    text += fmt::format("this locks out the key that publishes it: {} is none of the new signers\n",
                        difference.locked_out->name());
  }
  return text;
}

std::string to_json(const NetmapDifference& difference) {
  Json rights = Json::array();
  for (const auto& each : difference.rights) {
    rights.push_back({{"who", each.who}, {"gains", each.gains}, {"loses", each.loses}});
  }
  const Json json = {{"network", difference.network},
                     {"signers", difference.signers},
                     {"sites", difference.sites},
                     {"peers", difference.peers},
                     {"rights", std::move(rights)},
                     {"reissued", difference.reissued},
                     {"locked_out", difference.locked_out ? Json(difference.locked_out->to_text())
                                                          : Json(nullptr)}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cw::network
