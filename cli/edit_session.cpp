// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_session.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <sodium.h>

#include "network/compile.h"
#include "network/load/directory_writer.h"

namespace cw::cli {

std::optional<EditSession> EditSession::open(std::string path, const Terminal& terminal) {
  auto read = read_network(path, terminal);
  if (!read) {
    return std::nullopt;
  }
  return EditSession(std::move(path), std::move(*read));
}

Asked<std::string> EditSession::text(const std::string& file) const {
  auto text = network::read_for_edit(path_, file);
  if (!text) {
    return tl::unexpected(trouble(text.error()));
  }
  return std::move(*text);
}

Asked<network::Peer> EditSession::peer(const std::string& name) const {
  const auto found = std::ranges::find(netmap().peers, name, &network::Peer::name);
  if (found != netmap().peers.end()) {
    return *found;
  }
  std::vector<std::string_view> known;
  for (const auto& peer : netmap().peers) {
    known.push_back(peer.name);
  }
  const auto meant = network::nearest(name, known);
  return tl::unexpected(Trouble{.message = fmt::format("there is no peer `{}`", name),
                                .hint = meant ? fmt::format("did you mean `{}`?", *meant)
                                              : "`causeway peer list` names them"});
}

Asked<void> check_changes(network::Directory directory, const network::Changes& changes) {
  for (const auto& change : changes) {
    if (change.content) {
      directory.put(change.path, *change.content);
    } else {
      directory.forget(change.path);
    }
  }
  const auto compiled = network::compile(directory);
  if (compiled.netmap) {
    return {};
  }
  const auto& first = compiled.diagnostics.front();  // errors come first
  return tl::unexpected(
      Trouble{.message = fmt::format("nothing was written, because the network would have a "
                                     "mistake then: {}",
                                     first.message),
              .hint = first.hint});
}

Asked<void> EditSession::check(const network::Changes& changes) const {
  return check_changes(directory(), changes);
}

Asked<void> EditSession::commit(const network::Changes& changes) const {
  if (auto good = check(changes); !good) {
    return good;
  }
  if (const auto written = network::write_changes(path_, changes); !written) {
    return tl::unexpected(
        trouble(written.error(), "what was written before it stays; see `causeway check`"));
  }
  return {};
}

std::uint32_t random_below(std::uint32_t bound) {
  return randombytes_uniform(bound);
}

Trouble trouble(const Error& error, std::string hint) {
  return {.message = error.to_text(),
          .hint = std::move(hint),
          .exit_status =
              error.kind == ErrorKind::Permission && error.os != 0 ? kNotPermitted : kFailed};
}

}  // namespace cw::cli
