// SPDX-License-Identifier: Apache-2.0
#include "network/load/directory_writer.h"

#include <cerrno>

#include <sys/stat.h>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "network/directory.h"

namespace cw::network {

namespace {

constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;

Result<> make_folder_of(const std::string& directory, const std::string& path) {
  const auto slash = path.find('/');
  if (slash == std::string::npos) {
    return {};
  }
  const auto folder = fmt::format("{}/{}", directory, path.substr(0, slash));
  if (::mkdir(folder.c_str(), kFolderMode) != 0 && errno != EEXIST) {
    return Error::from_errno(errno, "cannot make the folder " + folder);
  }
  return {};
}

Result<> write(const std::string& directory, const Change& change) {
  const auto path = fmt::format("{}/{}", directory, change.path);
  if (!change.content) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      return Error::from_errno(errno, "cannot remove " + path);
    }
    return {};
  }
  CW_TRY(make_folder_of(directory, change.path));
  if (change.fresh) {
    return create_file(path, *change.content, kFileMode);
  }
  struct stat status{};
  const bool replaces = ::stat(path.c_str(), &status) == 0;
  CW_TRY(write_file_atomically(path, *change.content, kFileMode));
  if (replaces) {
    // Only root may give it back to another owner; who may not has just become its owner.
    static_cast<void>(::chown(path.c_str(), status.st_uid, status.st_gid) == 0);
    if (::chmod(path.c_str(), status.st_mode & 07777U) != 0) {
      return Error::from_errno(errno, "cannot restore the mode of " + path);
    }
  }
  return {};
}

}  // namespace

Result<> write_changes(const std::string& directory, std::span<const Change> changes) {
  for (const Change& change : changes) {
    CW_TRY(write(directory, change));
  }
  return {};
}

Result<std::string> read_for_edit(const std::string& directory, const std::string& path) {
  return read_file(fmt::format("{}/{}", directory, path), largest(path));
}

}  // namespace cw::network
