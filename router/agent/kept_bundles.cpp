// SPDX-License-Identifier: Apache-2.0
#include "router/agent/kept_bundles.h"

#include <cerrno>
#include <cstdio>

#include <sys/stat.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "base/file.h"
#include "base/rfc3339.h"
#include "network/signed_netmap.h"

namespace cw::agent {

namespace {

constexpr mode_t kOwnerOnly = 0600;
constexpr mode_t kFolderOfOwner = 0700;
constexpr std::size_t kLargestMemory = 4096;  // some 150 bytes

constexpr std::string_view kInForce = "netmap.signed";
constexpr std::string_view kBefore = "netmap.before";
constexpr std::string_view kRevocations = "revoked.signed";
constexpr std::string_view kMemory = "source.json";

// 0 where an earlier version did not write it.
std::uint64_t number(const nlohmann::json& json, const char* key) {
  return json.contains(key) && json.at(key).is_number_unsigned() ? json.at(key).get<std::uint64_t>()
                                                                 : 0;
}

}  // namespace

std::string to_text(const SourceMemory& memory) {
  nlohmann::json json = {{"given_up", memory.floor.given_up},
                         {"serial", memory.floor.serial},
                         {"revocations", memory.floor.revocations}};
  if (memory.floor.network_id) {
    json["network"] = memory.floor.network_id->to_text();
  }
  if (memory.heard) {
    json["heard"] = to_rfc3339(*memory.heard);
  }
  return json.dump() + "\n";
}

Result<SourceMemory> parse_source_memory(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("given_up") ||
      !json.at("given_up").is_number_unsigned()) {
    return Error::invalid("this is not what a router remembers of its source");
  }
  SourceMemory memory{.floor = {.network_id = std::nullopt,
                                .serial = number(json, "serial"),
                                .given_up = number(json, "given_up"),
                                .revocations = number(json, "revocations")},
                      .heard = std::nullopt};
  if (json.contains("network") && json.at("network").is_string()) {
    memory.floor.network_id =
        CW_TRY(net::Prefix::parse(json.at("network").get_ref<const std::string&>()));
  }
  if (json.contains("heard") && json.at("heard").is_string()) {
    memory.heard = CW_TRY(from_rfc3339(json.at("heard").get_ref<const std::string&>()));
  }
  return memory;
}

std::string KeptBundles::file(std::string_view name) const {
  return fmt::format("{}/{}", folder_, name);
}

Result<std::optional<KeptBundles::Copy>> KeptBundles::read(std::string_view name) const {
  const auto path = file(name);
  const auto fd = open_regular(path);
  if (!fd) {
    if (fd.error().kind == ErrorKind::NotFound) {
      return std::optional<Copy>();
    }
    return fd.error();
  }
  struct stat status{};
  if (::fstat(fd->get(), &status) != 0) {
    return Error::from_errno(errno, "cannot look at " + path);
  }
  Copy copy{.bundle = {}, .written = WallTime(std::chrono::seconds(status.st_mtim.tv_sec))};
  copy.bundle = CW_TRY(read_all(fd->get(), network::kLargestSignedNetmap, path));
  return std::optional(std::move(copy));
}

std::string KeptBundles::path_in_force() const {
  return file(kInForce);
}

std::string KeptBundles::path_revocations() const {
  return file(kRevocations);
}

Result<std::optional<KeptBundles::Copy>> KeptBundles::in_force() const {
  return read(kInForce);
}

Result<std::optional<KeptBundles::Copy>> KeptBundles::before() const {
  return read(kBefore);
}

Result<std::optional<KeptBundles::Copy>> KeptBundles::revocations() const {
  return read(kRevocations);
}

Result<SourceMemory> KeptBundles::memory() const {
  const auto text = read_file(file(kMemory), kLargestMemory);
  if (!text) {
    if (text.error().kind == ErrorKind::NotFound) {
      return SourceMemory{};
    }
    return text.error();
  }
  return in_context(parse_source_memory(*text), "reading " + file(kMemory));
}

Result<> KeptBundles::write_file(std::string_view name, std::string_view text) const {
  if (::mkdir(folder_.c_str(), kFolderOfOwner) != 0 && errno != EEXIST) {
    return Error::from_errno(errno, "cannot make " + folder_);
  }
  return write_file_atomically(file(name), text, kOwnerOnly);
}

// In this order: a crash in between leaves two files that are the same, or one too many.
Result<> KeptBundles::write(std::string_view bundle, Before before) const {
  if (before == Before::IsWhatWasInForce) {
    const auto now = CW_TRY(in_force());
    if (now) {
      CW_TRY(write_file(kBefore, now->bundle));
    }
  }
  CW_TRY(write_file(kInForce, bundle));
  if (before == Before::Forget && ::unlink(file(kBefore).c_str()) != 0 && errno != ENOENT) {
    return Error::from_errno(errno, "cannot remove " + file(kBefore));
  }
  return {};
}

Result<> KeptBundles::write_revocations(std::string_view bundle) const {
  return write_file(kRevocations, bundle);
}

Result<> KeptBundles::write(const SourceMemory& memory) const {
  return write_file(kMemory, to_text(memory));
}

}  // namespace cw::agent
