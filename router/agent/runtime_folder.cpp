// SPDX-License-Identifier: Apache-2.0
#include "router/agent/runtime_folder.h"

#include <cerrno>
#include <cstring>

#include <linux/magic.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "router/agent/access.h"

namespace cw::agent {

namespace {

constexpr auto kSysctlFile = "sysctl.before";
constexpr std::size_t kMaxSysctlFile = 65536;

// As many clients as may wait while one request is answered.
constexpr int kBacklog = 16;

Error in_the_way(int os, std::string what, const std::string& path) {
  auto error = Error::from_errno(os, std::move(what));
  if (error.kind == ErrorKind::NotFound) {
    error.message += fmt::format(
        " (the folder for it is missing; make it, or name another with --runtime-dir; under "
        "systemd, RuntimeDirectory=causeway makes {})",
        path);
  } else if (error.kind == ErrorKind::Permission) {
    error.message += " (run causewayd as root, or as the user who owns the folder)";
  }
  return error;
}

Result<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Error::invalid(fmt::format("the socket path {} is longer than {} characters", path,
                                      sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const auto& address) {
  return reinterpret_cast<const sockaddr*>(&address);  // NOLINT: what bind(2) takes
}

// The process that listens on the socket, if one does.
std::optional<pid_t> listener(const std::string& path) {
  const auto address = unix_address(path);
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!address || !probe || ::connect(probe.get(), generic(*address), sizeof(sockaddr_un)) != 0) {
    return std::nullopt;
  }
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (::getsockopt(probe.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    return 0;
  }
  return credentials.pid;
}

Error taken(const std::string& folder, std::optional<pid_t> pid, std::string_view program) {
  const auto who = pid && *pid != 0 ? fmt::format(" (process {})", *pid) : std::string();
  return Error::make(
      ErrorKind::Exists,
      fmt::format("another {0} is running{1} and has {2}; stop it first (systemctl stop {0}), or "
                  "give this one a folder of its own with --runtime-dir",
                  program, who, folder));
}

// Mode and group before anybody can connect: the socket is bound, but does not listen yet.
Result<> set_access(const std::string& path) {
  const auto group = control_group();
  if (group && ::chown(path.c_str(), static_cast<uid_t>(-1), *group) != 0 && errno != EPERM) {
    return Error::from_errno(errno, "cannot give " + path + " to group causeway");
  }
  if (::chmod(path.c_str(), group ? 0660 : 0600) != 0) {
    return Error::from_errno(errno, "cannot set the mode of " + path);
  }
  return {};
}

}  // namespace

Result<RuntimeFolder> RuntimeFolder::claim(const std::string& path, std::string_view program) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) {
    return in_the_way(errno, "cannot make " + path, path);
  }
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) {
    return in_the_way(errno, "cannot use " + path, path);
  }
  const auto listening = listener(path + "/" + kSocketName);
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 || listening) {
    return taken(path, listening, program);
  }
  return RuntimeFolder(path, std::move(folder));
}

std::string RuntimeFolder::counters_folder() const {
  auto path = fmt::format("{}/{}", path_, kCountersFolder);
  struct statfs what{};
  const bool is_one = ::statfs(path.c_str(), &what) == 0 && what.f_type == BPF_FS_MAGIC &&
                      ::access(path.c_str(), W_OK | X_OK) == 0;
  return is_one ? path : std::string();
}

Result<UniqueFd> RuntimeFolder::listen() const {
  const auto path = socket_path();
  const auto address = CW_TRY(unix_address(path));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return Error::from_errno(errno, "cannot make the control socket");
  }
  remove_socket();
  if (::bind(socket.get(), generic(address), sizeof address) != 0) {
    return in_the_way(errno, "cannot make the control socket " + path, path_);
  }
  CW_TRY(set_access(path));
  if (::listen(socket.get(), kBacklog) != 0) {
    return Error::from_errno(errno, "cannot listen on " + path);
  }
  return socket;
}

// A stale socket that cannot be removed shows when the new one is bound.
void RuntimeFolder::remove_socket() const {
  (void)::unlink(socket_path().c_str());
}

Result<std::vector<netlink::Sysctl>> RuntimeFolder::sysctls_before() const {
  const auto path = path_ + "/" + kSysctlFile;
  auto text = read_file(path, kMaxSysctlFile);
  if (!text) {
    if (text.error().kind == ErrorKind::NotFound) {
      return std::vector<netlink::Sysctl>{};
    }
    return std::move(text).error();
  }
  return in_context(parse_sysctls(*text), "reading " + path);
}

Result<> RuntimeFolder::remember(const std::vector<netlink::Sysctl>& before) const {
  return in_context(write_file_atomically(path_ + "/" + kSysctlFile, to_text(before)),
                    "remembering the sysctls for `causeway down`");
}

Result<> RuntimeFolder::forget_sysctls() const {
  const auto path = path_ + "/" + kSysctlFile;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Error::from_errno(errno, "cannot remove " + path);
  }
  return {};
}

bool is_served(const std::string& folder) {
  const auto address = unix_address(folder + "/" + kSocketName);
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!address || !probe || ::connect(probe.get(), generic(*address), sizeof(sockaddr_un)) == 0) {
    return true;
  }
  return errno != ECONNREFUSED && errno != ENOENT;
}

std::string to_text(const std::vector<netlink::Sysctl>& sysctls) {
  std::string text;
  for (const auto& sysctl : sysctls) {
    text += fmt::format("{} {}\n", sysctl.key, sysctl.value);
  }
  return text;
}

Result<std::vector<netlink::Sysctl>> parse_sysctls(std::string_view text) {
  std::vector<netlink::Sysctl> sysctls;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto space = text.find(' ');
    if (end == std::string_view::npos || space == std::string_view::npos || space >= end ||
        !text.starts_with("net/") || text.substr(0, space).find("..") != std::string_view::npos) {
      return Error::invalid("not a list of sysctls; remove the file to go on without it");
    }
    sysctls.push_back({.key = std::string(text.substr(0, space)),
                       .value = std::string(text.substr(space + 1, end - space - 1))});
    text.remove_prefix(end + 1);
  }
  return sysctls;
}

Result<UniqueFd> listen_tcp(const net::SocketAddress& address) {
  const bool v4 = address.ip.is_v4();
  UniqueFd socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) {
    return Error::from_errno(errno, "cannot make a socket for metrics_listen");
  }
  const int on = 1;
  (void)::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // a fast restart
  sockaddr_in in4{};
  sockaddr_in6 in6{};
  if (v4) {
    in4.sin_family = AF_INET;
    in4.sin_port = htons(address.port);
    std::memcpy(&in4.sin_addr, address.ip.bytes().data(), sizeof in4.sin_addr);
  } else {
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(address.port);
    std::memcpy(&in6.sin6_addr, address.ip.bytes().data(), sizeof in6.sin6_addr);
  }
  const int bound = v4 ? ::bind(socket.get(), generic(in4), sizeof in4)
                       : ::bind(socket.get(), generic(in6), sizeof in6);
  if (bound != 0 || ::listen(socket.get(), kBacklog) != 0) {
    return Error::from_errno(errno, fmt::format("cannot serve metrics on {} (metrics_listen in "
                                                "router.toml)",
                                                address.to_text()));
  }
  return socket;
}

}  // namespace cw::agent
