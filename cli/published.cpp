// SPDX-License-Identifier: Apache-2.0
#include "cli/published.h"

#include <utility>

namespace cw::cli {

Result<std::optional<Current>> read_current(const Target& target,
                                            std::span<const network::minisign::PublicKey> trusted) {
  auto answer = CW_TRY(target.get());
  if (!answer || !answer->content) {
    return std::optional<Current>();
  }
  auto published = network::open_published(*answer->content, trusted);
  if (!published) {
    auto error = std::move(published).error();
    error.message +=
        error.kind == ErrorKind::Permission
            ? "; if the key is one of yours, name it with --trust"
            : "; `publish --serial N`, above the serial that routers have, replaces it "
              "unseen";
    return std::move(error).with_context(target.text());
  }
  return std::optional(Current{.published = std::move(*published),
                               .bundle = std::move(*answer->content),
                               .version = std::move(answer->version)});
}

Result<std::optional<CurrentRevocations>> read_revoked(
    const Target& target, const network::Netmap& netmap,
    std::span<const network::minisign::PublicKey> trusted) {
  auto answer = CW_TRY(target.get(kRevoked));
  if (!answer || !answer->content) {
    return std::optional<CurrentRevocations>();
  }
  auto revoked = CW_TRY_IN(network::open_published_revocations(*answer->content, netmap, trusted),
                           target.text() + std::string(kRevoked));
  return std::optional(
      CurrentRevocations{.published = std::move(revoked), .version = std::move(answer->version)});
}

}  // namespace cw::cli
