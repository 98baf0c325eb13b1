// SPDX-License-Identifier: Apache-2.0
#include "network/load/directory_reader.h"

#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>

#include "base/file.h"
#include "network/limits.h"

namespace cw::network {

namespace {

// Times of files may be as coarse as this (FAT; ext3 and some NFS have 1 s). A file changed more
// recently than that before it was read may change again with equal times, and is read again.
constexpr std::chrono::seconds kCoarsestTimestamp{2};

// Over all of kMostPeers, so that the compiler's own message comes first.
constexpr std::size_t kMostEntries = 4 * kMostPeers;

constexpr int kOpenFile = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;

struct Entry {
  std::string name;
  bool folder = false;
};

// Also one that a symbolic link leads to. readdir()'s d_type is not asked: some file systems leave
// it DT_UNKNOWN, and a link it calls a link.
bool is_folder(int parent, const char* name) {
  struct stat status{};
  return ::fstatat(parent, name, &status, AT_NO_AUTOMOUNT) == 0 && S_ISDIR(status.st_mode);
}

Result<std::vector<Entry>> list(int folder, const std::string& path) {
  // A second descriptor: closedir() closes the one it was given. fdopendir() starts where the
  // descriptor stands, so it must be a fresh one.
  UniqueFd fresh(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fresh ? ::fdopendir(fresh.get()) : nullptr,
                                                   ::closedir);
  if (!stream) {
    return Error::from_errno(errno, "cannot list " + path);
  }
  static_cast<void>(fresh.release());  // the stream's now
  std::vector<Entry> entries;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) {
        return Error::from_errno(errno, "cannot list " + path);
      }
      return entries;
    }
    const std::string_view name(entry->d_name);
    const bool is_toml = name.ends_with(kTomlSuffix);  // whatever it is, read_file() says
    if (name.starts_with('.') || !(is_toml || is_folder(folder, entry->d_name))) {
      continue;
    }
    if (entries.size() == kMostEntries) {
      return Error::make(ErrorKind::Exhausted,
                         fmt::format("{} has more than {} files", path, kMostEntries));
    }
    entries.push_back({.name = std::string(name), .folder = !is_toml});
  }
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

DirectoryReader::Identity DirectoryReader::identity_of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = status.st_size,
          .modified_ns = nanoseconds(status.st_mtim),
          .changed_ns = nanoseconds(status.st_ctim)};
}

Result<bool> DirectoryReader::refresh() {
  const UniqueFd top(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top) {
    return Error::from_errno(errno, "cannot open the network directory " + path_);
  }
  ++round_;
  now_ = clock_->wall();
  CW_TRY(read_folder(top.get(), ""));
  CW_TRY(read_folder(top.get(), kSitesFolder));
  CW_TRY(read_folder(top.get(), kPeersFolder));
  CW_TRY(read_folder(top.get(), kRemovedFolder));
  forget_unseen();
  return std::exchange(changed_, false);  // what a failed reading saw counts for the next
}

Result<bool> DirectoryReader::refresh(const std::set<std::string>& paths) {
  const UniqueFd top(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top) {
    return Error::from_errno(errno, "cannot open the network directory " + path_);
  }
  now_ = clock_->wall();
  for (const auto& path : paths) {
    read_again(top.get(), path);
  }
  return std::exchange(changed_, false);
}

// Where the folder is not what it should be, refresh() has said so or will.
void DirectoryReader::read_again(int top, const std::string& path) {
  const auto slash = path.find('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  const UniqueFd fd(::openat(top, folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) {
    return;
  }
  const bool is_new = !known_.contains(path);
  read_file(fd.get(), slash == std::string::npos ? path : path.substr(slash + 1), path);
  const auto known = known_.find(path);
  if (known->second.seen != round_) {  // it is not there
    changed_ = changed_ || !is_new;
    directory_.forget(path);
    known_.erase(known);
  }
}

Result<> DirectoryReader::read_folder(int parent, std::string_view folder) {
  const bool top = folder.empty();
  const std::string name = top ? "." : std::string(folder);
  const UniqueFd fd(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) {
    if (errno == ENOENT) {
      return {};
    }
    if (errno == ENOTDIR || errno == ELOOP) {
      take_problem(known_[name], name, fmt::format("{} is not a folder", name),
                   "it must be a folder here, not a file or a symbolic link");
      return {};
    }
    return Error::from_errno(errno, fmt::format("cannot open {}/{}", path_, name));
  }
  for (const auto& entry : CW_TRY(list(fd.get(), fmt::format("{}/{}", path_, name)))) {
    const std::string path = top ? entry.name : fmt::format("{}/{}", folder, entry.name);
    if (!entry.folder) {
      read_file(fd.get(), entry.name, path);
    } else if (!top) {
      take_problem(known_[path], path,
                   fmt::format("{} is a folder, and what is in it would not be read", path),
                   fmt::format("move its files into {}/; put what is no part of the network "
                               "elsewhere",
                               folder));
    }
  }
  return {};
}

void DirectoryReader::read_file(int folder, const std::string& name, const std::string& path) {
  Known& known = known_[path];
  known.seen = round_;
  struct stat status{};
  if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 && known.settled &&
      identity_of(status) == known.identity) {
    return;
  }
  const UniqueFd fd(::openat(folder, name.c_str(), kOpenFile));
  if (!fd && errno == ENOENT) {
    known.seen = 0;  // gone between the listing and now
    return;
  }
  if (!fd && errno == ELOOP) {
    return take_problem(known, path, "this is a symbolic link", "put the file itself here");
  }
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    const auto error = Error::from_errno(errno, "this file cannot be read");
    return take_problem(known, path, error.to_text(), "give the agent's user the right to read it");
  }
  if (!S_ISREG(status.st_mode)) {
    return take_problem(known, path, "this is not a regular file", "put a file here, or rename it");
  }
  const auto before = identity_of(status);
  // One byte over the limit is enough for the parser to say so with the limit's name.
  auto text = read_all(fd.get(), largest(path), path);
  if (!text) {
    const bool too_large = text.error().kind == ErrorKind::Exhausted;
    return take_problem(
        known, path,
        too_large ? fmt::format("this file is larger than {} KiB", largest(path) / 1024)
                  : text.error().to_text(),
        too_large ? "is it the file you meant?" : "read it again with `causeway reload`");
  }
  const bool steady = ::fstat(fd.get(), &status) == 0 && identity_of(status) == before;
  const auto age = now_.time_since_epoch() - std::chrono::nanoseconds(before.changed_ns);
  known.identity = before;
  known.settled = steady && age > kCoarsestTimestamp;
  take_content(known, path, *text);
}

void DirectoryReader::take_content(Known& known, const std::string& path, const std::string& text) {
  const auto digest = std::hash<std::string>{}(text);
  const bool same = known.problem.empty() && known.digest == digest && digest != 0;
  if (!same) {
    changed_ = true;
    known.digest = digest;
    known.problem.clear();
    directory_.put(path, text);
  }
}

void DirectoryReader::take_problem(Known& known, const std::string& path, std::string problem,
                                   std::string hint) {
  known.seen = round_;
  known.settled = false;
  if (known.problem != problem) {
    changed_ = true;
    directory_.put_mistake(path, problem, std::move(hint));
    known.problem = std::move(problem);
    known.digest = 0;
  }
}

void DirectoryReader::forget_unseen() {
  for (auto it = known_.begin(); it != known_.end();) {
    if (it->second.seen == round_) {
      ++it;
      continue;
    }
    changed_ = true;
    directory_.forget(it->first);
    it = known_.erase(it);
  }
}

Compiled DirectoryReader::compile() const {
  Compiled compiled = network::compile(directory_);
  const auto prefixed = [&](Place& place) { place.file = fmt::format("{}/{}", path_, place.file); };
  for (Diagnostic& diagnostic : compiled.diagnostics) {
    prefixed(diagnostic.place);
    if (diagnostic.other) {
      prefixed(*diagnostic.other);
    }
  }
  quote_lines(compiled.diagnostics, [](const std::string& file) -> std::optional<std::string> {
    const UniqueFd fd(::open(file.c_str(), kOpenFile));
    auto text = fd ? read_all(fd.get(), std::max(kLargestFile, kLargestPolicy), file)
                   : Result<std::string>(Error::invalid(""));
    return text ? std::optional(std::move(*text)) : std::nullopt;
  });
  return compiled;
}

}  // namespace cw::network
