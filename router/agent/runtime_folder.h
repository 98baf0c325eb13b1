// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/endpoint.h"
#include "netlink/codec/route_values.h"

// The agent's folder under /run: the control socket, and the values that sysctls had before we set
// them. One agent a folder; it is ours as long as this object lives. Nothing else is remembered:
// what the kernel knows is asked of the kernel.
namespace cw::agent {

inline constexpr auto kDefaultRuntimeFolder = "/run/causeway";
inline constexpr auto kSocketName = "control.sock";
inline constexpr auto kCountersFolder = "bpf";

class RuntimeFolder {
 public:
  // Makes the folder if its parent is there. ErrorKind::Exists: another agent has it, the message
  // names its process.
  static Result<RuntimeFolder> claim(const std::string& path,
                                     std::string_view program = "causewayd");

  [[nodiscard]] const std::string& path() const { return path_; }

  [[nodiscard]] std::string socket_path() const { return path_ + "/" + kSocketName; }

  // Where the translators' counters are kept, if a bpf file system that this process may write
  // to is mounted there; else empty.
  [[nodiscard]] std::string counters_folder() const;

  // The control socket, listening; replaces the one of an agent that is gone. 0660 root:causeway,
  // or 0600 where there is no such group.
  [[nodiscard]] Result<UniqueFd> listen() const;
  void remove_socket() const;

  // What sysctls were before; empty where nothing was written.
  [[nodiscard]] Result<std::vector<netlink::Sysctl>> sysctls_before() const;
  // Survives a crash of the agent, not a restart of the machine, as sysctls do.
  [[nodiscard]] Result<> remember(const std::vector<netlink::Sysctl>& before) const;
  [[nodiscard]] Result<> forget_sysctls() const;

 private:
  RuntimeFolder(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  UniqueFd lock_;
};

// Does anybody listen on the control socket in that folder? Yes, too, where that cannot be told: a
// right is missing, or it is busy.
[[nodiscard]] bool is_served(const std::string& folder);

// One "net/ipv4/ip_forward 0" a line. Pure.
[[nodiscard]] std::string to_text(const std::vector<netlink::Sysctl>& sysctls);
[[nodiscard]] Result<std::vector<netlink::Sysctl>> parse_sysctls(std::string_view text);

// A TCP socket for `metrics_listen`.
[[nodiscard]] Result<UniqueFd> listen_tcp(const net::SocketAddress& address);

}  // namespace cw::agent
