// SPDX-License-Identifier: Apache-2.0
#include "router/agent/directory_watch.h"

#include <cerrno>
#include <filesystem>

#include <sys/inotify.h>

#include "network/directory.h"

namespace cw::agent {

namespace {

constexpr std::uint32_t kContent = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                   IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                   IN_ONLYDIR;

// Of the parent only what may put another directory in this one's place.
constexpr std::uint32_t kReplaced =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;

// A folder came, went or was replaced: what is watched has to follow.
constexpr std::uint32_t kFolders =
    IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_Q_OVERFLOW;

}  // namespace

bool is_of_a_network(std::string_view file) {
  return file.ends_with(network::kTomlSuffix) && !file.starts_with('.');
}

void DirectoryWatch::watch(const std::string& path, std::uint32_t mask,
                           PathSource::Callback callback) {
  auto source = PathSource::create(loop_, path, mask, std::move(callback));
  if (source) {
    sources_.push_back(std::move(*source));
  } else if (source.error().kind != ErrorKind::NotFound && source.error().os != ENOTDIR) {
    blind_ = std::move(source).error();
  }
  // One that is not there is noticed by its parent's watch when it comes.
}

void DirectoryWatch::renew() {
  sources_.clear();
  blind_.reset();
  for (const auto& folder : folders_) {
    const auto below = folder == root_ ? std::string() : folder.substr(root_.size() + 1) + "/";
    watch(folder, kContent, [this, below](const inotify_event& event) {
      if ((event.mask & kFolders) != 0) {
        renew();
        changed_(std::nullopt);
      } else if (event.len == 0) {
        changed_(std::nullopt);
      } else if (is_of_a_network(event.name)) {
        changed_(below + event.name);
      }
    });
  }
  const auto path = std::filesystem::path(root_).lexically_normal();
  const auto root = path.has_filename() ? path : path.parent_path();
  watch(root.has_parent_path() ? root.parent_path().string() : ".", kReplaced,
        [this, name = root.filename().string()](const inotify_event& event) {
          if ((event.mask & IN_Q_OVERFLOW) != 0 || (event.len > 0 && name == event.name)) {
            renew();
            changed_(std::nullopt);
          }
        });
}

bool DirectoryWatch::renew_if_incomplete() {
  if (sources_.size() > folders_.size()) {
    return false;  // every folder and the parent
  }
  renew();
  return true;
}

}  // namespace cw::agent
