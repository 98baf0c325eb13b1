// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "network/files.h"
#include "network/policy_file.h"

// A network directory, parsed: the files by name, and what is wrong with each. Built one file at a
// time, so that a reload costs what changed. It does no I/O (network/load does) and decides nothing
// across files (compile.h does). Plain value.
//
//   network.toml      policy.toml      sites/NAME.toml      peers/NAME.toml
//   removed/ADDRESS.toml
namespace cw::network {

struct Directory {
  std::optional<NetworkFile> network;
  std::optional<PolicyFile> policy;                    // there may be none
  std::map<std::string, SiteFile, std::less<>> sites;  // by name
  std::map<std::string, PeerFile, std::less<>> peers;
  std::map<std::string, RemovedFile, std::less<>> removed;   // by address
  std::map<std::string, Diagnostics, std::less<>> mistakes;  // by path; no empty entries

  // `path` is relative to the directory. A path that is none of ours is a mistake of that path.
  void put(const std::string& path, std::string_view text);
  // A file that could not be read, or a thing that is no file.
  void put_mistake(const std::string& path, std::string message, std::string hint);
  void forget(const std::string& path);

  friend bool operator==(const Directory&, const Directory&) = default;
};

inline constexpr std::string_view kNetworkFile = "network.toml";
inline constexpr std::string_view kPolicyFile = "policy.toml";
inline constexpr std::string_view kSitesFolder = "sites";
inline constexpr std::string_view kPeersFolder = "peers";
inline constexpr std::string_view kRemovedFolder = "removed";
inline constexpr std::string_view kTomlSuffix = ".toml";

[[nodiscard]] std::string site_path(std::string_view name);
[[nodiscard]] std::string peer_path(std::string_view name);
[[nodiscard]] std::string removed_path(const net::Ip& address);

// The most bytes the file may have.
[[nodiscard]] std::size_t largest(std::string_view path);

}  // namespace cw::network
