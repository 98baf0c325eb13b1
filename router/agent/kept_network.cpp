// SPDX-License-Identifier: Apache-2.0
#include "router/agent/kept_network.h"

#include <cerrno>

#include <sys/stat.h>

#include <fmt/format.h>

#include "base/file.h"
#include "network/limits.h"
#include "network/netmap_json.h"

namespace cw::agent {

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kFolderOfOwner = 0700;

bool says(const std::string& file, std::string_view text) {
  const auto there = read_file(file, text.size());
  return there && *there == text;
}

Result<WallTime> written_at(int fd, const std::string& file) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) {
    return Error::from_errno(errno, "cannot look at " + file);
  }
  return WallTime(std::chrono::seconds(status.st_mtim.tv_sec));
}

}  // namespace

Result<std::optional<KeptNetmap>> KeptNetwork::read() const {
  const auto path = file();
  const auto fd = open_regular(path);
  if (!fd) {
    if (fd.error().kind == ErrorKind::NotFound) {
      return std::optional<KeptNetmap>();
    }
    return fd.error();
  }
  const auto text = CW_TRY(read_all(fd->get(), network::kLargestNetmap, path));
  auto netmap = CW_TRY_IN(network::netmap_from_json(text), "reading " + path);
  const auto written = CW_TRY(written_at(fd->get(), path));
  return std::optional(KeptNetmap{.netmap = std::move(netmap), .written = written});
}

bool KeptNetwork::is(const network::Netmap& netmap) const {
  return says(file(), network::to_json(netmap));
}

Result<> KeptNetwork::write(const network::Netmap& netmap) const {
  const auto text = network::to_json(netmap);
  if (says(file(), text)) {
    return {};
  }
  CW_TRY(make_folder());
  return write_file_atomically(file(), text, kOwnerOnly);
}

Result<> KeptNetwork::make_folder() const {
  if (::mkdir(folder_.c_str(), kFolderOfOwner) != 0 && errno != EEXIST) {
    return Error::from_errno(errno, "cannot make " + folder_);
  }
  return {};
}

Result<network::Revocations> KeptNetwork::revoked() const {
  const auto text = read_file(revoked_file(), network::kLargestRevocations);
  if (!text) {
    if (text.error().kind == ErrorKind::NotFound) {
      return network::Revocations{};
    }
    return text.error();
  }
  return in_context(network::revocations_from_json(*text), "reading " + revoked_file());
}

Result<> KeptNetwork::write(const network::Revocations& revoked) const {
  CW_TRY(make_folder());
  return write_file_atomically(revoked_file(), network::to_json(revoked), kOwnerOnly);
}

}  // namespace cw::agent
