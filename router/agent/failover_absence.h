// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "netlink/codec/wireguard_values.h"
#include "network/netmap.h"
#include "router/api/status.h"
#include "router/model/snapshot.h"

// What it means that causeway-failover does not run where the network shares gateways: a closed one
// stays closed, and an open one stays open. Pure; linear in a site's gateways.
namespace cw::agent {

// One for each gateway that this router shares. `netmap`: none where nothing is in force, or the
// router is down. `devices`: as the kernel has them, whose marks say which gates are open.
[[nodiscard]] std::vector<api::Problem> problems_without_failover(
    const network::Netmap* netmap, const router::Host& host,
    const std::vector<netlink::WgDevice>& devices);

// When the journal is told, from looks that are far apart.
class FailoverAbsence {
 public:
  // An upgrade, or a start of the machine, falls into one look; kLooksAgain apart, two are neither.
  static constexpr unsigned kLooks = 2;

  enum class News : std::uint8_t { None, Gone, Back };

  // `absent`: it is needed, and does not run.
  [[nodiscard]] News look(bool absent);

 private:
  unsigned looks_ = 0;  // in a row that found it absent
  bool told_ = false;
};

// "gateway prod", "gateways a, b": those of the problems.
[[nodiscard]] std::string gateways_of(const std::vector<api::Problem>& problems);

}  // namespace cw::agent
