// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include <sys/random.h>
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

// The name a file has until it is whole. Ours alone, so that no other writer shares it; beside
// `path`, because a rename does not leave a file system; hidden, so that what lists the folder
// does not take it for one of its files.
Result<std::string> fresh_name(const std::string& path) {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) {  // so few bytes come all at once
    return Error::from_errno(errno, "cannot read random bytes");
  }
  const auto folder = path.substr(0, path.rfind('/') + 1);
  return fmt::format("{}.new-{:016x}", folder, random);
}

// A name lasts over a power failure once its folder is on the disk.
Result<> sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const auto folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno == EACCES) {
    return {};  // we may write in it and not list it; only whoever may can wait for it
  }
  // EINVAL: a file system that cannot, fsync(2).
  if (!fd || (::fsync(fd.get()) != 0 && errno != EINVAL)) {
    return Error::from_errno(errno, "cannot write the folder " + folder);
  }
  return {};
}

Result<> write_whole(int fd, std::string_view content, const std::string& name) {
  CW_TRY(write_all(fd, content, name));
  if (::fsync(fd) != 0) {
    return Error::from_errno(errno, "cannot write " + name);
  }
  return {};
}

Result<UniqueFd> open_new(const std::string& path, mode_t mode) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!fd) {
    return Error::from_errno(errno, "cannot create " + path);
  }
  return fd;
}

}  // namespace

Result<> write_file_atomically(const std::string& path, std::string_view content, mode_t mode) {
  struct stat there{};
  if (::stat(path.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    return Error::make(ErrorKind::Exists, path + " is no regular file, and is not replaced by one");
  }
  const auto fresh = CW_TRY(fresh_name(path));
  const UniqueFd fd = CW_TRY_IN(open_new(fresh, mode), "writing " + path);
  auto written = write_whole(fd.get(), content, fresh);
  if (written && ::rename(fresh.c_str(), path.c_str()) != 0) {
    written = Error::from_errno(errno, fmt::format("cannot rename {} to {}", fresh, path));
  }
  if (!written) {
    ::unlink(fresh.c_str());  // best effort: the error that matters is already in hand
    return written;
  }
  return sync_folder_of(path);
}

Result<> create_file(const std::string& path, std::string_view content, mode_t mode) {
  const UniqueFd fd = CW_TRY(open_new(path, mode));
  auto written = write_whole(fd.get(), content, path);
  if (written) {
    written = sync_folder_of(path);
  }
  if (!written) {
    ::unlink(path.c_str());  // best effort: the error that matters is already in hand
  }
  return written;
}

}  // namespace cw
