// SPDX-License-Identifier: Apache-2.0
#include "router/agent/sibling_watch.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "router/api/sibling_files.h"

namespace cw::agent {

SiblingWatch::SiblingWatch(const Loop& loop, std::string folder, Callback changed)
    : loop_(loop), folder_(std::move(folder)), changed_(std::move(changed)) {}

std::string SiblingWatch::file(std::string_view name) const {
  return fmt::format("{}/{}", folder_, name);
}

void SiblingWatch::watch_above() {
  // systemd makes the folder as root's and then gives it away: before that it cannot be watched.
  const std::filesystem::path folder(folder_);
  auto above = PathSource::create(
      loop_, folder.parent_path(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR,
      [this, name = folder.filename().string()](const inotify_event& event) {
        if (event.len > 0 && name == event.name) {
          here_.reset();
          look();
        }
      });
  if (above) {
    above_ = std::move(*above);
  }
}

void SiblingWatch::watch() {
  auto here = PathSource::create(loop_, folder_, IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR,
                                 [this](const inotify_event& event) {
                                   if ((event.mask & (IN_DELETE_SELF | IN_IGNORED)) != 0) {
                                     here_.reset();
                                   } else if (event.len > 0) {
                                     changed_(event.name);
                                   }
                                 });
  if (here) {
    here_ = std::move(*here);
  }
}

void SiblingWatch::look() {
  if (!above_) {
    watch_above();
  }
  if (!here_) {
    watch();
  }
  say_all();
}

// Before it was watched anything may have been written.
void SiblingWatch::say_all() const {
  for (const std::string_view name :
       {api::kWantedSerial, api::kOfferedNetmap, api::kOfferedRevocations}) {
    changed_(name);
  }
}

}  // namespace cw::agent
