// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_session.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <vector>

#include <sys/file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>

#include "base/clock.h"
#include "network/compile.h"
#include "network/load/directory_writer.h"

namespace cw::cli {

namespace {

const SystemClock kClock;

// Of the folder itself, so that no file of ours is left in it.
Result<UniqueFd> lock(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return Error::from_errno(errno, "cannot open the network directory " + path);
  }
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) {
    return folder;
  }
  if (errno == EWOULDBLOCK) {
    print(stderr, fmt::format("waiting for another command that edits {}\n", path));
    while (::flock(folder.get(), LOCK_EX) != 0) {
      if (errno != EINTR) {
        return Error::from_errno(errno, "cannot lock " + path);
      }
    }
    return folder;
  }
  // File systems without locks, and NFS, which locks no folders (flock(2)). There the comparison
  // before the writing is what there is.
  if (errno == EBADF || errno == ENOLCK || errno == EOPNOTSUPP) {
    return folder;
  }
  return Error::from_errno(errno, "cannot lock " + path);
}

}  // namespace

std::optional<EditSession> EditSession::open(std::string path, const Terminal& terminal,
                                             Purpose purpose) {
  auto locked = purpose == Purpose::Edit ? lock(path) : UniqueFd();
  if (!locked) {
    complain(trouble(locked.error(), "name the folder that holds network.toml"), terminal);
    return std::nullopt;
  }
  auto reader = std::make_unique<network::DirectoryReader>(path, kClock);
  auto read = read_network(*reader, terminal);
  if (!read) {
    return std::nullopt;
  }
  return EditSession(std::move(path), std::move(*locked), std::move(reader), std::move(*read));
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
  const auto changed = reader_->refresh();
  if (!changed) {
    return tl::unexpected(trouble(changed.error()));
  }
  if (*changed) {
    return tl::unexpected(Trouble{
        .message = fmt::format("somebody changed {} meanwhile, and nothing was written", path_),
        .hint = "run the command again: it reads what there is now"});
  }
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

bool EditSession::has_any(const network::Changes& changes) const {
  return std::ranges::any_of(changes, [&](const network::Change& change) {
    if (!change.content) {
      return false;
    }
    const auto there = network::read_for_edit(path_, change.path);
    return there && *there == *change.content;
  });
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
