// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "router/agent/loop.h"

// Says that something below a directory may have changed: in its folders, or the directory itself
// (a symbolic link that now leads elsewhere, a directory that came or was replaced). Names the file
// where the kernel does, and says it too often rather than too rarely; but files that are none of a
// network's (an editor's, git's) are none of ours.
namespace cw::agent {

// May a file of that name be part of a network? Pure.
[[nodiscard]] bool is_of_a_network(std::string_view file);

class DirectoryWatch {
 public:
  // The file, as network::Directory names it; nothing: more than one, or who knows which.
  using Callback = std::function<void(std::optional<std::string>)>;

  DirectoryWatch(const Loop& loop, std::string root, std::vector<std::string> folders,
                 Callback changed)
      : loop_(loop),
        root_(std::move(root)),
        folders_(std::move(folders)),
        changed_(std::move(changed)) {}

  // Watches what is there now. What came in between may go unnoticed: read afterwards.
  void renew();

  // For a folder whose parent was not there to be watched, and for watches the kernel refused.
  // True: it was, so read now; what came in between was not announced.
  bool renew_if_incomplete();

  // Why something that is there cannot be watched.
  [[nodiscard]] const std::optional<Error>& blind() const { return blind_; }

 private:
  void watch(const std::string& path, std::uint32_t mask, PathSource::Callback callback);

  const Loop& loop_;
  std::string root_;
  std::vector<std::string> folders_;
  Callback changed_;
  std::vector<PathSource> sources_;
  std::optional<Error> blind_;
};

}  // namespace cw::agent
