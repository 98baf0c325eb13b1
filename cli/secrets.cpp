// SPDX-License-Identifier: Apache-2.0
#include "cli/secrets.h"

#include <cerrno>
#include <cstdio>

#include <sys/stat.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/group_file.h"
#include "net/key.h"

namespace cw::cli {

namespace {

Result<> write_all(int fd, std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno != EINTR) {
      return Error::from_errno(errno, fmt::format("cannot write to {}", name));
    }
    text.remove_prefix(put < 0 ? 0 : static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace

Result<> print_secret(std::string_view text) {
  std::fflush(stdout);
  return write_all(STDOUT_FILENO, text, "the output");
}

Result<> create_secret_file(const std::string& path, std::string_view content, Reader reader) {
  constexpr mode_t kOwnerOnly = 0600;
  constexpr mode_t kAndItsGroup = 0640;
  CW_TRY(create_file(path, content, kOwnerOnly));
  const auto group = reader == Reader::Agent && ::geteuid() == 0 ? agent_group() : std::nullopt;
  if (group &&
      (::chown(path.c_str(), 0, *group) != 0 || ::chmod(path.c_str(), kAndItsGroup) != 0)) {
    return Error::from_errno(errno, fmt::format("cannot give {} to group {}", path, kAgentGroup));
  }
  return {};
}

}  // namespace cw::cli
