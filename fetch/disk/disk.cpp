// SPDX-License-Identifier: Apache-2.0
#include "fetch/disk/disk.h"

#include <cerrno>

#include <sys/stat.h>

#include <fmt/format.h>

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
  const auto& path = upload.to.text;
  if (!upload.replaces.empty()) {
    const auto there = CW_TRY(open_regular(path));
    if (CW_TRY(version_on_disk(there.get(), path)) != upload.replaces) {
      return Error::make(ErrorKind::Exists, path + " was changed by somebody else meanwhile");
    }
  }
  CW_TRY(write_file_atomically(path, upload.content, kReadableByAll));
  const auto written = CW_TRY(open_regular(path));
  return version_on_disk(written.get(), path);
}

}  // namespace cw::fetch
