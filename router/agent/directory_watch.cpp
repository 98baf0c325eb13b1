// SPDX-License-Identifier: Apache-2.0
#include "router/agent/directory_watch.h"

#include <filesystem>

#include <sys/inotify.h>

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

void DirectoryWatch::watch(const std::string& path, std::uint32_t mask,
                           PathSource::Callback callback) {
  // A folder that is not there is noticed by its parent's watch when it comes.
  if (auto source = PathSource::create(loop_, path, mask, std::move(callback))) {
    sources_.push_back(std::move(*source));
  }
}

void DirectoryWatch::renew() {
  sources_.clear();
  const auto on_content = [this](const inotify_event& event) {
    if ((event.mask & kFolders) != 0) {
      renew();
    }
    changed_();
  };
  for (const auto& folder : folders_) {
    watch(folder, kContent, on_content);
  }
  const auto path = std::filesystem::path(root_).lexically_normal();
  const auto root = path.has_filename() ? path : path.parent_path();
  watch(root.has_parent_path() ? root.parent_path().string() : ".", kReplaced,
        [this, name = root.filename().string()](const inotify_event& event) {
          if ((event.mask & IN_Q_OVERFLOW) != 0 || (event.len > 0 && name == event.name)) {
            renew();
            changed_();
          }
        });
}

void DirectoryWatch::renew_if_incomplete() {
  const auto before = sources_.size();
  if (before > folders_.size()) {
    return;  // every folder and the parent
  }
  renew();
  if (sources_.size() > before) {
    changed_();
  }
}

}  // namespace cw::agent
