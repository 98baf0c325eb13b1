// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <sys/stat.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace cw {

Result<UniqueFd> open_regular(const std::string& path) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer; it has no effect on a regular file.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!fd) {
    return Error::from_errno(errno, "cannot open " + path);
  }
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) {
    return Error::from_errno(errno, "cannot examine " + path);
  }
  if (!S_ISREG(status.st_mode)) {
    return Error::invalid(path + " is not a regular file");
  }
  return fd;
}

Result<std::string> read_all(int fd, std::size_t limit, const std::string& name) {
  std::string content;
  std::array<char, 16384> chunk;  // one page cache read for almost every file we know
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got < 0) {
      if (errno == EINTR) {
        continue;
      }
      return Error::from_errno(errno, "cannot read " + name);
    }
    if (got == 0) {
      return content;
    }
    content.append(chunk.data(), static_cast<std::size_t>(got));
    if (content.size() > limit) {
      return Error::make(
          ErrorKind::Exhausted,
          fmt::format("{} is larger than {} bytes, the most this file may have", name, limit));
    }
  }
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const UniqueFd fd = CW_TRY(open_regular(path));
  return read_all(fd.get(), limit, path);
}

namespace {

Result<> write_all(int fd, std::string_view content, const std::string& name) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0) {
      if (errno == EINTR) {
        continue;
      }
      return Error::from_errno(errno, "cannot write " + name);
    }
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace

Result<> write_file_atomically(const std::string& path, std::string_view content, mode_t mode) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    return Error::make(ErrorKind::Exists, path + " is no regular file, and is not replaced by one");
  }
  const std::string fresh = path + ".new";
  const UniqueFd fd(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) {
    return Error::from_errno(errno, "cannot create " + fresh);
  }
  auto written = write_all(fd.get(), content, fresh);
  if (written && ::fsync(fd.get()) != 0) {
    written = Error::from_errno(errno, "cannot write " + fresh);
  }
  if (written && ::rename(fresh.c_str(), path.c_str()) != 0) {
    written = Error::from_errno(errno, fmt::format("cannot rename {} to {}", fresh, path));
  }
  if (!written) {
    ::unlink(fresh.c_str());  // best effort: the error that matters is already in hand
  }
  return written;
}

Result<> create_file(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd fd(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) {
    return Error::from_errno(errno, "cannot create " + path);
  }
  auto written = write_all(fd.get(), content, path);
  if (written && ::fsync(fd.get()) != 0) {
    written = Error::from_errno(errno, "cannot write " + path);
  }
  if (!written) {
    ::unlink(path.c_str());  // best effort: the error that matters is already in hand
  }
  return written;
}

}  // namespace cw
