// SPDX-License-Identifier: Apache-2.0
#include "router/agent/network_source.h"

#include <fmt/format.h>

namespace cw::agent {

bool NetworkSource::refresh() {
  auto changed = reader_.refresh();
  const bool was_unreadable = unreadable_.has_value();
  if (!changed) {
    const bool news = unreadable_ != changed.error();
    unreadable_ = std::move(changed).error();
    return news;
  }
  unreadable_.reset();
  return *changed || was_unreadable;
}

bool NetworkSource::refresh(const std::set<std::string>& paths) {
  return !unreadable_ && reader_.refresh(paths).value_or(false);
}

NetworkReading NetworkSource::compile() const {
  if (unreadable_) {
    return {.netmap = std::nullopt,
            .diagnostics = fmt::format(
                "error: {}\nhint: `network` in router.toml names the directory; it is read again "
                "when it changes\n",
                unreadable_->to_text())};
  }
  auto compiled = reader_.compile();
  return {.netmap = std::move(compiled.netmap),
          .diagnostics = network::render(compiled.diagnostics)};
}

std::vector<std::string> NetworkSource::folders() const {
  const auto& root = reader_.path();
  return {root, fmt::format("{}/{}", root, network::kSitesFolder),
          fmt::format("{}/{}", root, network::kPeersFolder),
          fmt::format("{}/{}", root, network::kRemovedFolder)};
}

}  // namespace cw::agent
