// SPDX-License-Identifier: Apache-2.0
#include "cli/secrets.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/group_file.h"
#include "network/directory.h"

namespace cw::cli {

namespace {

namespace fs = std::filesystem;

// From the root, with every link followed, also of what is not there yet: weakly_canonical alone
// leaves a relative name that does not exist relative.
Result<fs::path> whole_path(const std::string& name) {
  std::error_code error;
  auto path = fs::absolute(name, error);
  if (!error) {
    path = fs::weakly_canonical(path, error);
  }
  if (error) {
    return Error::from_errno(error.value(), "cannot find out where " + name + " is");
  }
  return path.has_filename() ? path : path.parent_path();  // of "name/", the name
}

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

Result<> check_outside_networks(const std::string& place,
                                const std::optional<std::string>& directory) {
  const fs::path network = directory ? CW_TRY(whole_path(*directory)) : fs::path();
  auto folder = CW_TRY(whole_path(place));
  for (;;) {
    std::error_code unreadable;  // where we may not look, we may not write either
    if (folder == network || fs::exists(folder / network::kNetworkFile, unreadable)) {
      return Error::invalid(
          fmt::format("{} would be in the network directory {}, which is no place for a private "
                      "key: everybody reads it; name one elsewhere",
                      place, folder.string()));
    }
    if (folder == folder.root_path()) {
      return {};
    }
    folder = folder.parent_path();
  }
}

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
    const auto error = errno;
    ::unlink(path.c_str());  // best effort: the error that matters is already in hand
    return Error::from_errno(error, fmt::format("cannot give {} to group {}", path, kAgentGroup));
  }
  return {};
}

}  // namespace cw::cli
