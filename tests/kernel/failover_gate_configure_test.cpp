// SPDX-License-Identifier: Apache-2.0
// Another network for the gates, and a kernel that cannot be read meanwhile.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "ha/gate/handshakes.h"
#include "netlink/socket/wireguard.h"
#include "router/model/ownership.h"
#include "tests/kernel/failover_gate_world.h"
#include "tests/kernel/namespace.h"

namespace cw::kernel {
namespace {

using ha::gate::Gateway;
using ha::gate::Kick;
using testing::ElementsAre;

constexpr uid_t kNobody = 65534;

// As long as this lives the kernel lets us read no WireGuard device, and write nothing.
class WithoutRights {
 public:
  WithoutRights() { EXPECT_EQ(::seteuid(kNobody), 0); }

  ~WithoutRights() { EXPECT_EQ(::seteuid(0), 0); }

  WithoutRights(const WithoutRights&) = delete;
  WithoutRights(WithoutRights&&) = delete;
  WithoutRights& operator=(const WithoutRights&) = delete;
  WithoutRights& operator=(WithoutRights&&) = delete;
};

class FailoverGateConfigured : public FailoverGate {
 protected:
  static constexpr auto kLate = "cw-late";

  // A second gateway, whose gate somebody left open.
  Gateway late() {
    const auto key = net::PrivateKey::generate();
    constexpr std::uint16_t kLatePort = kPort + 1;
    CW_EXPECT_OK(routes_->create_wireguard(kLate, 1420));
    CW_EXPECT_OK(wireguard_->change({.device = kLate,
                                     .private_key = &key,
                                     .listen_port = kLatePort,
                                     .fwmark = router::kMarkOuter}));
    return {.name = "late",
            .device = kLate,
            .listen_port = kLatePort,
            .blocks = {prefix("100.65.0.0/16")},
            .addresses = {}};
  }

  // Those of its peers that a handshake was begun with: a kick names the endpoint.
  std::size_t kicked() {
    const auto there = device();
    return static_cast<std::size_t>(std::ranges::count_if(
        there.peers, [](const auto& peer) { return peer.endpoint.has_value(); }));
  }

  // Peers of the first gateway that never answer.
  std::vector<Kick> strangers(std::size_t count) {
    std::vector<Kick> kicks;
    netlink::WgDeviceChange change{.device = kDevice};
    for (std::size_t i = 0; i < count; ++i) {
      kicks.push_back({.key = net::PrivateKey::generate().public_key(),
                       .endpoint = {.ip = ip(GetParam().client), .port = port(i)}});
      change.peers.push_back({.key = kicks.back().key});
    }
    CW_EXPECT_OK(wireguard_->change(change));
    return kicks;
  }

  std::uint32_t mark_of_late() { return wireguard_->device(kLate)->fwmark; }
};

// What is tried here knows no family.
INSTANTIATE_TEST_SUITE_P(Family, FailoverGateConfigured,
                         testing::Values(Ends{"V4", "198.51.100.10", "198.51.100.100",
                                              "198.51.100.77", 24}),
                         [](const auto& ends) { return ends.param.name; });

TEST_P(FailoverGateConfigured, AReadThatFailsLosesNoGate) {
  const auto second = late();
  constexpr auto kAll = ha::gate::kFirstAwaited + 16;
  CW_EXPECT_OK(gate_->open("gw", strangers(kAll), now()));
  EXPECT_EQ(kicked(), ha::gate::kFirstAwaited);
  {
    const WithoutRights meanwhile;
    EXPECT_FALSE(gate_->configure({gateway(), second}, now()));
  }
  // The first one's stays as it was, with the handshakes that were still to come.
  EXPECT_TRUE(comes([&] { return kicked() == kAll; }, kBeforeRetry)) << kicked();
  EXPECT_EQ(device().fwmark, router::kMarkOuter);
  // The second one's could not be read, so it is wanted closed.
  EXPECT_THAT(gate_->open_gates().names, ElementsAre("gw"));
  CW_EXPECT_OK(gate_->compare(now()));
  EXPECT_EQ(mark_of_late(), router::kMarkOuterClosed);
  CW_EXPECT_OK(gate_->open("late", {}, now()));
  EXPECT_THAT(gate_->open_gates().names, ElementsAre("gw", "late"));
  CW_EXPECT_OK(gate_->close("late", now()));
  EXPECT_EQ(mark_of_late(), router::kMarkOuterClosed);
}

TEST_P(FailoverGateConfigured, ANewGatewayIsTakenAsFound) {
  CW_EXPECT_OK(gate_->configure({gateway(), late()}, now()));
  EXPECT_EQ(mark_of_late(), router::kMarkOuter);
  EXPECT_THAT(gate_->open_gates().names, ElementsAre("late"));
}

}  // namespace
}  // namespace cw::kernel
