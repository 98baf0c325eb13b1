// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "cli/target.h"
#include "network/publication.h"

// What a target holds, read and verified.
namespace cw::cli {

struct Current {
  network::Published published;
  std::string bundle;
  fetch::Version version;
};

// Nothing where nothing was published.
Result<std::optional<Current>> read_current(const Target& target,
                                            std::span<const network::minisign::PublicKey> trusted);

struct CurrentRevocations {
  network::PublishedRevocations published;
  fetch::Version version;
};

// The list of revocations beside it. `netmap` and `trusted` say whose signature counts.
Result<std::optional<CurrentRevocations>> read_revoked(
    const Target& target, const network::Netmap& netmap,
    std::span<const network::minisign::PublicKey> trusted);

}  // namespace cw::cli
