// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "cli/agent_client.h"
#include "cli/terminal.h"
#include "network/edit/change.h"
#include "network/load/directory_reader.h"

// A network directory that a verb changes: read and without a mistake before, compiled again with
// the changes before any file is written. One command edits at a time: it holds a lock on the
// directory (flock(2)), for which the next one waits. An editor knows no lock, so that a directory
// in which anything has changed since it was read is not written. Blocking.
namespace cw::cli {

class EditSession {
 public:
  enum class Purpose : std::uint8_t { Edit, Look };  // only Edit takes the lock and may commit

  // Prints what is wrong with the directory; nothing where it has a mistake.
  static std::optional<EditSession> open(std::string path, const Terminal& terminal,
                                         Purpose purpose = Purpose::Edit);

  [[nodiscard]] const network::Directory& directory() const { return read_.directory; }

  [[nodiscard]] const network::Netmap& netmap() const { return read_.netmap; }

  [[nodiscard]] const std::string& path() const { return path_; }

  // A file of the directory, as text.
  [[nodiscard]] Asked<std::string> text(const std::string& file) const;

  [[nodiscard]] Asked<network::Peer> peer(const std::string& name) const;

  // Whether the directory is as it was read, and would have no mistake after these changes.
  [[nodiscard]] Asked<void> check(const network::Changes& changes) const;

  // Writes the changes, unless check() refuses them.
  [[nodiscard]] Asked<void> commit(const network::Changes& changes) const;

  // Whether the directory has a file of these: a commit that failed may have written some.
  [[nodiscard]] bool has_any(const network::Changes& changes) const;

 private:
  using Reader = std::unique_ptr<network::DirectoryReader>;

  EditSession(std::string path, UniqueFd lock, Reader reader, ReadNetwork read)
      : path_(std::move(path)),
        lock_(std::move(lock)),
        reader_(std::move(reader)),
        read_(std::move(read)) {}

  std::string path_;
  UniqueFd lock_;  // until the session ends
  Reader reader_;
  ReadNetwork read_;
};

// The same of any directory, also of one that is not there yet.
[[nodiscard]] Asked<void> check_changes(network::Directory directory,
                                        const network::Changes& changes);

// The kernel's randomness.
[[nodiscard]] std::uint32_t random_below(std::uint32_t bound);

[[nodiscard]] Trouble trouble(const Error& error, std::string hint = {});

}  // namespace cw::cli
