// SPDX-License-Identifier: Apache-2.0
#include "fetch/disk/disk.h"

#include <cerrno>
#include <filesystem>

#include <sys/file.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"

namespace cw::fetch {

namespace {

constexpr mode_t kReadableByAll = 0644;

// What tells one content of a path from another, as a network directory's files are told apart.
Result<Version> version_on_disk(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return Error::from_errno(errno, "cannot look at " + path);
  }
  return fmt::format("{}-{}-{}-{}.{:09}", status.st_dev, status.st_ino, status.st_size,
                     status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

// What a path leads to: a link stays one, and its target is written.
Result<std::string> behind_links(const std::string& path) {
  struct stat link{};
  if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) {
    return path;
  }
  std::error_code error;
  const auto target = std::filesystem::canonical(path, error);
  if (error) {
    return Error::from_errno(error.value(), path + " is a link that leads nowhere");
  }
  return target.string();
}

// Held by whoever writes into the folder, from the look at what is there to the renaming. It is
// given back with the descriptor. Waits; nobody holds it for longer than the disk takes.
Result<UniqueFd> lock_folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  const auto folder = parent.empty() ? std::string(".") : parent;
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return Error::from_errno(errno, "cannot open the folder " + folder);
  }
  while (::flock(fd.get(), LOCK_EX) != 0) {
    if (errno != EINTR) {
      return Error::from_errno(errno, "cannot lock the folder " + folder);
    }
  }
  return fd;
}

Result<> check_replaces(const Upload& upload, const std::string& path) {
  const auto there = open_regular(path);
  if (!there) {
    return there.error().kind == ErrorKind::NotFound
               ? Result<>(Error::make(ErrorKind::Exists, path + " was removed meanwhile"))
               : Result<>(there.error());
  }
  if (CW_TRY(version_on_disk(there->get(), path)) != upload.replaces) {
    return Error::make(ErrorKind::Exists, path + " was changed by somebody else meanwhile");
  }
  return {};
}

// Only root may give it back to another owner; who may not has just become its owner.
Result<> restore_owner_and_mode(const std::string& path, const struct stat& before) {
  static_cast<void>(::chown(path.c_str(), before.st_uid, before.st_gid) == 0);
  if (::chmod(path.c_str(), before.st_mode & 07777U) != 0) {
    return Error::from_errno(errno, "cannot restore the mode of " + path);
  }
  return {};
}

}  // namespace

Result<Answer> get_from_disk(const Request& request) {
  const auto& path = request.from.text;
  const auto fd = CW_TRY(open_regular(path));
  Answer answer;
  answer.version = CW_TRY(version_on_disk(fd.get(), path));
  if (request.known.empty() || request.known != answer.version) {
    answer.content = CW_TRY(read_all(fd.get(), request.limits.size, path));
  }
  return answer;
}

Result<Version> put_on_disk(const Upload& upload) {
  const auto path = CW_TRY(behind_links(upload.to.text));
  const auto lock = CW_TRY(lock_folder_of(path));
  struct stat before{};
  const bool there = ::stat(path.c_str(), &before) == 0;
  if (upload.only_new && there) {
    return Error::make(ErrorKind::Exists, path + " was written by somebody else meanwhile");
  }
  if (!upload.replaces.empty()) {
    CW_TRY(check_replaces(upload, path));
  }
  // What others may not read, they may not read for a moment either.
  CW_TRY(write_file_atomically(path, upload.content,
                               there ? before.st_mode & kReadableByAll : kReadableByAll));
  if (there) {
    CW_TRY(restore_owner_and_mode(path, before));
  }
  const auto written = CW_TRY(open_regular(path));
  return version_on_disk(written.get(), path);
}

}  // namespace cw::fetch
