// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "network/load/directory_reader.h"
#include "network/netmap.h"

// Where the network comes from, as the agent sees it: a network directory that can be read,
// compiled and watched. Blocking; reading again after a small change costs little.
namespace cw::agent {

struct NetworkReading {
  std::optional<network::Netmap> netmap;  // none: refused
  std::string diagnostics;                // why, several lines; or warnings
};

class NetworkSource {
 public:
  NetworkSource(std::string path, const Clock& clock) : reader_(std::move(path), clock) {}

  // Reads what changed since the last time. True: something did.
  bool refresh();
  // Of these files only, of a directory that could be read before.
  bool refresh(const std::set<std::string>& paths);

  // What the last refresh() found.
  [[nodiscard]] NetworkReading compile() const;

  [[nodiscard]] const std::string& path() const { return reader_.path(); }

  // The folders in which a change means a changed network; some may not be there.
  [[nodiscard]] std::vector<std::string> folders() const;

 private:
  network::DirectoryReader reader_;
  std::optional<Error> unreadable_;
};

}  // namespace cw::agent
