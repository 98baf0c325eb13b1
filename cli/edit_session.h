// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/agent_client.h"
#include "cli/terminal.h"
#include "network/edit/change.h"

// A network directory that a verb changes: read and without a mistake before, compiled again with
// the changes before any file is written. Blocking.
namespace cw::cli {

class EditSession {
 public:
  // Prints what is wrong with the directory; nothing where it has a mistake.
  static std::optional<EditSession> open(std::string path, const Terminal& terminal);

  [[nodiscard]] const network::Directory& directory() const { return read_.directory; }

  [[nodiscard]] const network::Netmap& netmap() const { return read_.netmap; }

  [[nodiscard]] const std::string& path() const { return path_; }

  // A file of the directory, as text.
  [[nodiscard]] Asked<std::string> text(const std::string& file) const;

  [[nodiscard]] Asked<network::Peer> peer(const std::string& name) const;

  // Whether the directory would have no mistake after these changes.
  [[nodiscard]] Asked<void> check(const network::Changes& changes) const;

  // Writes the changes, unless the directory would then have a mistake.
  [[nodiscard]] Asked<void> commit(const network::Changes& changes) const;

 private:
  EditSession(std::string path, ReadNetwork read)
      : path_(std::move(path)), read_(std::move(read)) {}

  std::string path_;
  ReadNetwork read_;
};

// The same of any directory, also of one that is not there yet.
[[nodiscard]] Asked<void> check_changes(network::Directory directory,
                                        const network::Changes& changes);

// The kernel's randomness.
[[nodiscard]] std::uint32_t random_below(std::uint32_t bound);

[[nodiscard]] Trouble trouble(const Error& error, std::string hint = {});

}  // namespace cw::cli
