// SPDX-License-Identifier: Apache-2.0
#include "network/load/key_file.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <sys/stat.h>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/group_file.h"

namespace cw::network {

namespace {

constexpr std::size_t kRoomForKey = 64;  // 44 characters, a line end, and blanks around

bool is_own_group(gid_t group) {
  // Whoever starts the agent by hand, as root, is not in the packages' group.
  if (group == 0 || group == ::getegid() || group == agent_group()) {
    return true;
  }
  std::vector<gid_t> groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(static_cast<std::size_t>(std::max(0, count)));
  return std::ranges::find(groups, group) != groups.end();
}

Result<> check_secrecy(int fd, const std::string& path) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return Error::from_errno(errno, "cannot examine the key file " + path);
  }
  if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
    return Error::make(
        ErrorKind::Permission,
        fmt::format("the key file {0} belongs to user {1}, who could change it; run `chown "
                    "root:causeway {0}`",
                    path, status.st_uid));
  }
  constexpr mode_t kTooOpen = S_IWGRP | S_IXGRP | S_IRWXO;  // more than 0640
  if ((status.st_mode & kTooOpen) != 0) {
    return Error::make(ErrorKind::Permission,
                       fmt::format("the key file {0} has mode {1:04o}, so others can read or "
                                   "change it; run `chmod 0640 {0}`, and consider the key known",
                                   path, status.st_mode & 07777U));
  }
  if ((status.st_mode & S_IRGRP) != 0 && !is_own_group(status.st_gid)) {
    return Error::make(ErrorKind::Permission,
                       fmt::format("the key file {0} can be read by group {1}, which is not the "
                                   "agent's; run `chgrp causeway {0}` or `chmod 0600 {0}`",
                                   path, status.st_gid));
  }
  return {};
}

// Without the blanks around it.
Result<net::Secret> read_secret(int fd, const std::string& path, std::size_t room) {
  net::Secret read(room);
  std::size_t size = 0;
  while (size < room) {
    const ssize_t got = ::read(fd, read.memory().data() + size, room - size);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return Error::from_errno(errno, "cannot read the key file " + path);
    }
    if (got == 0) {
      break;
    }
    size += static_cast<std::size_t>(got);
  }
  auto text = read.expose().substr(0, size);  // full: too long, which its parser says
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  const auto last = text.find_last_not_of(kBlank);
  return net::Secret(first == std::string_view::npos ? std::string_view()
                                                     : text.substr(first, last - first + 1));
}

struct Opened {
  UniqueFd fd;
  std::string path;
};

// `advice`: what to do where there is no such file.
Result<Opened> open_secret(const KeySource& source, const std::optional<std::string>& credentials,
                           const char* what, std::string_view advice) {
  const bool credential = source.kind == KeySource::Kind::Credential;
  if (credential && !credentials) {
    return Error::make(
        ErrorKind::NotFound,
        fmt::format("there is no systemd credential {0}: the agent was not started with any; add "
                    "LoadCredential={0}:PATH to its unit, or name a file",
                    source.name));
  }
  std::string path = credential ? fmt::format("{}/{}", *credentials, source.name) : source.name;
  auto fd = open_regular(path);
  if (!fd) {
    auto error = std::move(fd.error());
    error.message += credential ? " (is it in the unit's LoadCredential=?)" : "";
    if (!credential && error.kind == ErrorKind::NotFound) {
      error.message += fmt::format(fmt::runtime(advice), path);
    }
    return std::move(error).with_context(what);
  }
  CW_TRY(check_secrecy(fd->get(), path));
  return Opened{.fd = std::move(*fd), .path = std::move(path)};
}

}  // namespace

Result<net::PrivateKey> read_private_key(const KeySource& source,
                                         const std::optional<std::string>& credentials) {
  const auto opened = CW_TRY(
      open_secret(source, credentials, "private key", " (make one: umask 077; wg genkey > {})"));
  const auto secret = CW_TRY(read_secret(opened.fd.get(), opened.path, kRoomForKey));
  return in_context(net::PrivateKey::parse(secret.expose()), "the key file " + opened.path);
}

Result<net::Secret> read_password(const KeySource& source,
                                  const std::optional<std::string>& credentials) {
  const auto opened = CW_TRY(open_secret(source, credentials, "password", ""));
  auto secret = CW_TRY(read_secret(opened.fd.get(), opened.path, kMostPassword + 1));
  if (secret.size() == 0 || secret.size() > kMostPassword) {
    return Error::invalid(fmt::format("the file {} holds no password of 1 to {} characters",
                                      opened.path, kMostPassword));
  }
  return secret;
}

}  // namespace cw::network
