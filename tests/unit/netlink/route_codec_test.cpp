// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/route_codec.h"

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

namespace cw::netlink {
namespace {

const Ownership kOurs{.device_prefix = "cw-",
                      .table = 7920,
                      .protocol = 204,
                      .first_priority = 4900,
                      .last_priority = 4999};

std::string name(int index) {
  return index == 7 ? "cw-prod" : index == 2 ? "eth0" : index == 1 ? "lo" : "";
}

net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

// A message that lives as long as the test.
class Built {
 public:
  explicit Built(MessageWriter&& out) : bytes_(out.take()) {}

  [[nodiscard]] Message message() const { return *Messages(bytes_).next(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

template <class Header>
MessageWriter started(std::uint16_t type, const Header& header) {
  MessageWriter out(type, NLM_F_MULTI);
  out.header(header);
  return out;
}

TEST(DecodeLink, ReadsNameKindMtuAndWhetherItIsUp) {
  ifinfomsg header{};
  header.ifi_index = 7;
  header.ifi_flags = IFF_UP;
  auto out = started(RTM_NEWLINK, header);
  out.text(IFLA_IFNAME, "cw-prod");
  out.number(IFLA_MTU, std::uint32_t{1420});
  const auto info = out.open(IFLA_LINKINFO);
  out.text(IFLA_INFO_KIND, "wireguard");
  out.close(info);
  EXPECT_EQ(decode_link(Built(std::move(out)).message()),
            (Link{.index = 7, .name = "cw-prod", .kind = "wireguard", .mtu = 1420, .up = true}));
}

TEST(DecodeLink, RefusesAMessageWithoutAName) {
  EXPECT_FALSE(decode_link(Built(started(RTM_NEWLINK, ifinfomsg{})).message()));
}

Built address(std::uint32_t index, const char* local, const char* far_end, std::uint8_t length) {
  ifaddrmsg header{};
  header.ifa_family = AF_INET;
  header.ifa_index = index;
  header.ifa_prefixlen = length;
  auto out = started(RTM_NEWADDR, header);
  out.bytes(IFA_ADDRESS, net::Ip::parse(far_end)->bytes());
  out.bytes(IFA_LOCAL, net::Ip::parse(local)->bytes());
  return Built(std::move(out));
}

TEST(DecodeAddress, TakesTheDevicesOwnNotTheFarEnds) {
  EXPECT_EQ(decode_address(address(7, "100.64.0.1", "100.64.0.9", 32).message(), kOurs, name),
            (Address{.device = "cw-prod", .prefix = prefix("100.64.0.1/32")}));
}

TEST(DecodeAddress, LeavesOtherDevicesAndVanishedOnesAlone) {
  EXPECT_FALSE(decode_address(address(2, "10.0.0.1", "10.0.0.1", 24).message(), kOurs, name));
  EXPECT_FALSE(decode_address(address(99, "10.0.0.1", "10.0.0.1", 24).message(), kOurs, name));
}

rtmsg route_header(std::uint8_t type, std::uint8_t length) {
  rtmsg header{};
  header.rtm_family = AF_INET;
  header.rtm_type = type;
  header.rtm_dst_len = length;
  header.rtm_protocol = 204;
  header.rtm_scope = RT_SCOPE_LINK;
  header.rtm_table = RT_TABLE_COMPAT;
  return header;
}

MessageWriter route(std::uint8_t type = RTN_UNICAST, std::uint32_t table = 7920) {
  auto out = started(RTM_NEWROUTE, route_header(type, 16));
  out.number(RTA_TABLE, table);
  out.bytes(RTA_DST, net::Ip::parse("100.64.0.0")->bytes());
  out.number(RTA_OIF, 7);
  return out;
}

TEST(DecodeRoute, ReadsOurs) {
  auto out = route();
  out.bytes(RTA_PREFSRC, net::Ip::parse("100.64.0.1")->bytes());
  EXPECT_EQ(decode_route(Built(std::move(out)).message(), kOurs, name),
            (Route{.destination = prefix("100.64.0.0/16"),
                   .type = RouteType::Unicast,
                   .device = "cw-prod",
                   .preferred_source = *net::Ip::parse("100.64.0.1")}));
}

TEST(DecodeRoute, ReadsAnMtuAndTellsOfOtherMetrics) {
  auto out = route();
  auto metrics = out.open(RTA_METRICS);
  out.number(RTAX_MTU, std::uint32_t{1392});
  out.number(RTAX_WINDOW, std::uint32_t{0});
  out.close(metrics);
  auto decoded = decode_route(Built(std::move(out)).message(), kOurs, name);
  EXPECT_EQ(decoded->mtu, 1392U);
  EXPECT_EQ(decoded->extra, "");
  out = route();
  metrics = out.open(RTA_METRICS);
  out.number(RTAX_LOCK, std::uint32_t{1U << RTAX_MTU});
  out.close(metrics);
  EXPECT_EQ(decode_route(Built(std::move(out)).message(), kOurs, name)->extra, "metric of kind 1");
}

TEST(DecodeRoute, LeavesOtherTablesAndProtocolsAlone) {
  EXPECT_FALSE(decode_route(Built(route(RTN_UNICAST, 254)).message(), kOurs, name));
  auto header = route_header(RTN_UNICAST, 0);
  header.rtm_protocol = RTPROT_STATIC;
  auto out = started(RTM_NEWROUTE, header);
  out.number(RTA_TABLE, std::uint32_t{7920});
  EXPECT_FALSE(decode_route(Built(std::move(out)).message(), kOurs, name));
}

TEST(DecodeRoute, NamesNoDeviceForARouteThatGoesNowhere) {
  EXPECT_EQ(decode_route(Built(route(RTN_UNREACHABLE)).message(), kOurs, name),
            (Route{.destination = prefix("100.64.0.0/16"), .type = RouteType::Unreachable}));
}

TEST(DecodeRoute, TellsWhatItCannotExpress) {
  auto out = route();
  out.number(RTA_PRIORITY, std::uint32_t{50});
  out.bytes(RTA_GATEWAY, net::Ip::parse("10.0.0.1")->bytes());
  EXPECT_EQ(decode_route(Built(std::move(out)).message(), kOurs, name)->extra,
            "metric 50, gateway");
  EXPECT_EQ(decode_route(Built(route(RTN_THROW)).message(), kOurs, name)->extra, "type 9");
}

TEST(DecodeRoute, TakesTheIpv6DefaultMetricForNone) {
  auto header = route_header(RTN_UNICAST, 64);
  header.rtm_family = AF_INET6;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  auto out = started(RTM_NEWROUTE, header);
  out.number(RTA_TABLE, std::uint32_t{7920});
  out.bytes(RTA_DST, net::Ip::parse("fd00::")->bytes());
  out.number(RTA_PRIORITY, std::uint32_t{1024});
  out.number(RTA_PREF, std::uint8_t{0});
  out.number(RTA_OIF, 7);
  EXPECT_EQ(decode_route(Built(std::move(out)).message(), kOurs, name),
            (Route{.destination = prefix("fd00::/64"), .device = "cw-prod"}));
}

TEST(DecodeRoute, RefusesATruncatedMessage) {
  auto out = route();
  auto bytes = out.take();
  bytes.resize(bytes.size() - 4);
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &length, sizeof length);
  EXPECT_FALSE(decode_route(*Messages(bytes).next(), kOurs, name));
}

TEST(DecodeHostAddress, IsOneOfAnotherDeviceWithoutItsNetwork) {
  EXPECT_EQ(decode_host_address(address(2, "10.0.0.7", "10.0.0.7", 16).message(), kOurs, name),
            (HostPrefix{.prefix = prefix("10.0.0.7/32"), .device = "eth0"}));
  EXPECT_FALSE(
      decode_host_address(address(7, "100.64.0.1", "100.64.0.1", 32).message(), kOurs, name));
}

// A route of another program's by eth0.
std::optional<HostPrefix> host_route(const char* destination, std::uint8_t length,
                                     std::uint32_t table = RT_TABLE_MAIN,
                                     std::uint8_t type = RTN_UNICAST, int device = 2) {
  auto header = route_header(type, length);
  header.rtm_protocol = RTPROT_STATIC;
  auto out = started(RTM_NEWROUTE, header);
  out.number(RTA_TABLE, table);
  out.bytes(RTA_DST, net::Ip::parse(destination)->bytes());
  out.number(RTA_OIF, device);
  return decode_host_route(Built(std::move(out)).message(), kOurs, name);
}

TEST(DecodeHostRoute, IsOneOfAnyTableButTheKernelsOwn) {
  const HostPrefix expected{.prefix = prefix("100.64.0.0/10"), .device = "eth0", .route = true};
  EXPECT_EQ(host_route("100.64.0.0", 10), expected);
  EXPECT_EQ(host_route("100.64.0.0", 10, 52), expected);
  EXPECT_FALSE(host_route("100.64.0.0", 10, RT_TABLE_LOCAL));
}

TEST(DecodeHostRoute, IsNoDefaultRouteBeItInHalves) {
  EXPECT_FALSE(host_route("0.0.0.0", 0));
  EXPECT_FALSE(host_route("0.0.0.0", 1));
  EXPECT_TRUE(host_route("64.0.0.0", 2));
}

TEST(DecodeHostRoute, LeadsSomewhereAndNotByADeviceOfOurs) {
  EXPECT_FALSE(host_route("100.64.0.0", 10, RT_TABLE_MAIN, RTN_BLACKHOLE));
  EXPECT_FALSE(host_route("100.64.0.0", 10, RT_TABLE_MAIN, RTN_UNICAST, 7));
  EXPECT_FALSE(decode_host_route(Built(route()).message(), kOurs, name));
}

MessageWriter rule(std::uint32_t priority = 4910, std::uint8_t action = FR_ACT_TO_TBL,
                   std::uint8_t protocol = 204) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = action;
  header.table = RT_TABLE_COMPAT;
  auto out = started(RTM_NEWRULE, header);
  out.number(FRA_PRIORITY, priority);
  out.number(FRA_TABLE, std::uint32_t{7920});
  out.number(FRA_SUPPRESS_PREFIXLEN, 0xffffffffU);
  out.number(FRA_PROTOCOL, protocol);
  return out;
}

TEST(DecodeRule, ReadsOurs) {
  auto out = rule();
  out.text(FRA_IIFNAME, "cw-prod");
  out.number(FRA_FWMARK, 0x20000000U);
  out.number(FRA_FWMASK, 0x60000000U);
  EXPECT_EQ(decode_rule(Built(std::move(out)).message(), kOurs),
            (Rule{.family = net::Family::V4,
                  .priority = 4910,
                  .iif = "cw-prod",
                  .mark = Mark{.value = 0x20000000, .mask = 0x60000000},
                  .action = RuleAction::Lookup,
                  .table = 7920}));
}

TEST(DecodeRule, ReadsADestination) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_PROHIBIT;
  header.dst_len = 16;
  auto out = started(RTM_NEWRULE, header);
  out.number(FRA_PRIORITY, std::uint32_t{4911});
  const auto address = net::Ip::v4(0x64640000);
  out.bytes(FRA_DST, address.bytes());
  EXPECT_EQ(decode_rule(Built(std::move(out)).message(), kOurs),
            (Rule{.family = net::Family::V4,
                  .priority = 4911,
                  .destination = *net::Prefix::parse("100.100.0.0/16"),
                  .action = RuleAction::Prohibit}));
}

TEST(DecodeRule, LeavesOtherPrioritiesAlone) {
  EXPECT_FALSE(decode_rule(Built(rule(4899)).message(), kOurs));
  EXPECT_FALSE(decode_rule(Built(rule(5000)).message(), kOurs));
}

TEST(DecodeRule, BeforeOurPrioritiesItIsTheProtocolThatTells) {
  auto ours = kOurs;
  ours.gate_protocol = 205;
  ours.gate_priority = 4890;
  const auto decoded = [&](std::uint32_t priority, std::uint8_t protocol) {
    return decode_rule(Built(rule(priority, FR_ACT_TO_TBL, protocol)).message(), ours);
  };
  EXPECT_FALSE(decoded(4890, 3));
  EXPECT_FALSE(decoded(4889, 205));
  ASSERT_TRUE(decoded(4890, 204));
  EXPECT_EQ(decoded(4890, 204)->gate_protocol, 0);
  ASSERT_TRUE(decoded(4899, 205));
  EXPECT_EQ(decoded(4899, 205)->gate_protocol, 205);
  EXPECT_EQ(decoded(4910, 3)->gate_protocol, 0);
}

TEST(DecodeRule, ReadsAGatesRule) {
  auto ours = kOurs;
  ours.gate_protocol = 205;
  ours.gate_priority = 4890;
  const auto gates = [](std::uint8_t protocol) {
    auto out = rule(4894, FR_ACT_TO_TBL, protocol);
    out.number(FRA_IP_PROTO, std::uint8_t{17});
    const fib_rule_port_range ports{.start = 51820, .end = 51820};
    out.bytes(FRA_SPORT_RANGE, {reinterpret_cast<const std::uint8_t*>(&ports), sizeof ports});
    return out;
  };
  EXPECT_EQ(decode_rule(Built(gates(205)).message(), ours), (Rule{.family = net::Family::V4,
                                                                  .priority = 4894,
                                                                  .action = RuleAction::Lookup,
                                                                  .table = 7920,
                                                                  .gate_protocol = 205,
                                                                  .ip_protocol = 17,
                                                                  .source_port = 51820}));
  EXPECT_EQ(decode_rule(Built(gates(204)).message(), ours)->extra, "ipproto, port range");
}

TEST(DecodeRule, TellsWhatItCannotExpress) {
  auto out = rule();
  out.bytes(FRA_UID_RANGE, std::vector<std::uint8_t>{1, 0, 0, 0, 2, 0, 0, 0});
  EXPECT_EQ(decode_rule(Built(std::move(out)).message(), kOurs)->extra, "uidrange");
  EXPECT_EQ(decode_rule(Built(rule(4910, FR_ACT_NOP)).message(), kOurs)->extra, "action 3");
}

TEST(DecodeRule, TellsOfASuppressorOfZero) {
  fib_rule_hdr header{};
  header.family = AF_INET;
  header.action = FR_ACT_TO_TBL;
  auto out = started(RTM_NEWRULE, header);
  out.number(FRA_PRIORITY, 4910U);
  out.number(FRA_SUPPRESS_PREFIXLEN, 0U);
  EXPECT_EQ(decode_rule(Built(std::move(out)).message(), kOurs)->extra, "suppressor");
}

TEST(DecodeRule, HasNoTableWhereItLooksNothingUp) {
  EXPECT_EQ(decode_rule(Built(rule(4930, FR_ACT_PROHIBIT)).message(), kOurs),
            (Rule{.family = net::Family::V4, .priority = 4930, .action = RuleAction::Prohibit}));
}

}  // namespace
}  // namespace cw::netlink
