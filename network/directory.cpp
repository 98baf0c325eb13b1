// SPDX-License-Identifier: Apache-2.0
#include "network/directory.h"

#include <array>

#include <fmt/format.h>

#include "network/limits.h"
#include "network/name.h"

namespace cw::network {

namespace {

struct Split {
  std::string_view folder;  // "" for the directory itself
  std::string_view stem;    // without .toml
};

Split split(std::string_view path) {
  const auto slash = path.rfind('/');
  Split parts;
  if (slash != std::string_view::npos) {
    parts.folder = path.substr(0, slash);
    path.remove_prefix(slash + 1);
  }
  path.remove_suffix(path.ends_with(kTomlSuffix) ? kTomlSuffix.size() : 0);
  parts.stem = path;
  return parts;
}

template <class File>
void assign(std::map<std::string, File, std::less<>>& files, std::string_view name,
            std::optional<File> file) {
  if (file) {
    files.insert_or_assign(std::string(name), std::move(*file));
  } else if (const auto old = files.find(name); old != files.end()) {
    files.erase(old);
  }
}

}  // namespace

std::string site_path(std::string_view name) {
  return fmt::format("{}/{}{}", kSitesFolder, name, kTomlSuffix);
}

std::string peer_path(std::string_view name) {
  return fmt::format("{}/{}{}", kPeersFolder, name, kTomlSuffix);
}

std::string removed_path(const net::Ip& address) {
  return fmt::format("{}/{}{}", kRemovedFolder, address.to_text(), kTomlSuffix);
}

std::size_t largest(std::string_view path) {
  if (path == kPolicyFile) {
    return kLargestPolicy;
  }
  const auto folder = split(path).folder;
  return folder == kPeersFolder || folder == kRemovedFolder ? kLargestPeerFile : kLargestFile;
}

void Directory::put_mistake(const std::string& path, std::string message, std::string hint) {
  forget(path);
  mistakes[path].push_back({.message = std::move(message),
                            .place = {.file = path, .span = {}},
                            .hint = std::move(hint)});
}

void Directory::put(const std::string& path, std::string_view text) {
  const auto [folder, name] = split(path);
  Diagnostics found;
  if (path == kNetworkFile) {
    network = read_network_file(text, path, found);
  } else if (path == kPolicyFile) {
    policy = read_policy_file(text, path, found);
  } else if (folder == kRemovedFolder) {
    if (const auto address = net::Ip::parse(name); !address || !address->is_v4()) {
      return put_mistake(path, "this file's name is not the address of a removed peer",
                         "a tombstone is removed/ADDRESS.toml, as in removed/100.83.0.5.toml");
    }
    assign(removed, name, read_removed_file(text, path, found));
  } else if (folder != kSitesFolder && folder != kPeersFolder) {
    constexpr std::array<std::string_view, 2> kKnown = {kNetworkFile, kPolicyFile};
    const auto meant = nearest(path, kKnown);
    return put_mistake(path, "there is no such file in a network directory",
                       meant ? fmt::format("did you mean {}?", *meant)
                             : "its files are network.toml, policy.toml, sites/NAME.toml, "
                               "peers/NAME.toml and removed/ADDRESS.toml");
  } else if (const auto good = parse_name(name); !good) {
    return put_mistake(path, "the file's name cannot be used: " + good.error().message,
                       "the file's name, without .toml, is the name of what it describes");
  } else if (folder == kSitesFolder) {
    assign(sites, name, read_site_file(text, path, found));
  } else {
    assign(peers, name, read_peer_file(text, path, found));
  }
  if (found.empty()) {
    mistakes.erase(path);
  } else {
    mistakes.insert_or_assign(path, std::move(found));
  }
}

void Directory::forget(const std::string& path) {
  const auto [folder, name] = split(path);
  mistakes.erase(path);
  if (path == kNetworkFile) {
    network.reset();
  } else if (path == kPolicyFile) {
    policy.reset();
  } else if (folder == kSitesFolder) {
    assign(sites, name, std::optional<SiteFile>());
  } else if (folder == kPeersFolder) {
    assign(peers, name, std::optional<PeerFile>());
  } else if (folder == kRemovedFolder) {
    assign(removed, name, std::optional<RemovedFile>());
  }
}

}  // namespace cw::network
