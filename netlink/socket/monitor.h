// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "netlink/codec/notification.h"

// Listens to what the kernel announces: devices, addresses, routes, rules, tc filters,
// forwarding (rtnetlink) and nf_tables. Never blocks; the event loop waits on fds(). What was lost
// is told as What::Overflow. WireGuard announces nothing. One thread. Costs two descriptors, 64
// KiB, and up to kReceiveBuffer of the kernel's memory for each while notifications wait.
namespace cw::netlink {

// A ruleset of 10,000 peers replaced in one transaction is announced element by element, in some
// 4 MiB; the kernel counts its own overhead as well.
inline constexpr int kReceiveBuffer = 16 * 1024 * 1024;

class Monitor {
 public:
  // `own_ports` are those of our own rtnetlink sockets, `own_process` is getpid().
  static Result<Monitor> create(Interest interest, std::vector<std::uint32_t> own_ports,
                                std::uint32_t own_process);

  [[nodiscard]] std::array<int, 2> fds() const { return {route_.get(), nft_.get()}; }

  // Takes all that waits and keeps what concerns us, each once; empty where nothing does.
  Result<std::vector<Notification>> read();

  // The LAN interface is known late, or changes with router.toml.
  void watch(std::vector<std::string> site_devices) {
    interest_.site_devices = std::move(site_devices);
  }

 private:
  Monitor(Interest interest, std::vector<std::uint32_t> own_ports, std::uint32_t own_process,
          UniqueFd route, UniqueFd nft);

  enum class Got : std::uint8_t { Datagram, Nothing, Overflow };

  // Into buffer_.
  Result<Got> receive(const UniqueFd& socket);
  Result<> read_route(std::vector<Notification>& into);
  Result<> read_nft(std::vector<Notification>& into);

  Interest interest_;
  std::vector<std::uint32_t> own_ports_;
  NftTransactions transactions_;
  LinkNames names_;
  UniqueFd route_;
  UniqueFd nft_;
  std::vector<std::uint8_t> buffer_;
  std::size_t filled_ = 0;
};

}  // namespace cw::netlink
