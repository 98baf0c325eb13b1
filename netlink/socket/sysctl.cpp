// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/sysctl.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"

namespace cw::netlink {

namespace {

// The kernel gives at most a page.
constexpr std::size_t kValueLimit = 4096;

Result<std::string> path_of(const std::string& key) {
  if (key.empty() || key.starts_with('/') || ("/" + key + "/").find("/../") != std::string::npos ||
      key.find('\0') != std::string::npos) {
    return Error::make(ErrorKind::Bug, fmt::format("'{}' is no key below /proc/sys", key));
  }
  return "/proc/sys/" + key;
}

}  // namespace

Result<std::string> ProcSysctls::read(const std::string& key) {
  const auto path = CW_TRY(path_of(key));
  auto value = CW_TRY(read_file(path, kValueLimit));
  if (value.ends_with('\n')) {
    value.pop_back();
  }
  return value;
}

Result<> ProcSysctls::write(const Sysctl& sysctl) {
  const auto path = CW_TRY(path_of(sysctl.key));
  if (CW_TRY(read(sysctl.key)) == sysctl.value) {
    return {};
  }
  const auto what = fmt::format("cannot set {} to {}", sysctl.key, sysctl.value);
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd) {
    return Error::from_errno(errno, what);
  }
  // One write: the kernel takes each write for a whole value.
  const auto line = sysctl.value + "\n";
  const auto put = ::write(fd.get(), line.data(), line.size());
  if (put < 0) {
    return Error::from_errno(errno, what);
  }
  if (static_cast<std::size_t>(put) != line.size()) {
    return Error::make(ErrorKind::Bug, what + ": the kernel took a part of it only");
  }
  return {};
}

bool ProcSysctls::writable(const std::string& key) {
  const auto path = path_of(key);
  // Opened, and nothing written: access(2) would not count our capabilities.
  return path && UniqueFd(::open(path->c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
}

}  // namespace cw::netlink
