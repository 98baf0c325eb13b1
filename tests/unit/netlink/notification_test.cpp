// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/notification.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace cw::netlink {
namespace {

constexpr std::uint32_t kOwnPort = 4711;
constexpr std::uint32_t kOwnProcess = 815;

const Interest kInterest{.ownership = {.device_prefix = "cw-",
                                       .table = 7920,
                                       .protocol = 204,
                                       .first_priority = 4900,
                                       .last_priority = 4999},
                         .nft_table = "causeway",
                         .site_devices = {"eth0"}};

std::string name(int index) {
  return index == 7 ? "cw-prod" : index == 2 ? "eth0" : "";
}

template <class Header>
MessageWriter started(std::uint16_t type, const Header& header) {
  MessageWriter out(type, 0);
  out.header(header);
  return out;
}

std::optional<Notification> decoded(MessageWriter out, std::uint32_t port = 0) {
  auto bytes = out.take();
  std::memcpy(bytes.data() + offsetof(nlmsghdr, nlmsg_pid), &port, sizeof port);
  return decode_route_notification(*Messages(bytes).next(), {kOwnPort}, name);
}

MessageWriter link(const char* device, std::uint16_t type = RTM_DELLINK) {
  auto out = started(type, ifinfomsg{});
  out.text(IFLA_IFNAME, device);
  return out;
}

std::optional<std::string> renamed(LinkNames& names, int index, const char* device,
                                   std::uint16_t type = RTM_NEWLINK) {
  ifinfomsg header{};
  header.ifi_index = index;
  auto out = started(type, header);
  out.text(IFLA_IFNAME, device);
  const auto bytes = out.take();
  return names.renamed(*Messages(bytes).next());
}

TEST(LinkNames, TellTheNameThatADeviceOfOursHad) {
  LinkNames names(kInterest.ownership);
  names.learn(7, "cw-prod");
  EXPECT_FALSE(renamed(names, 7, "cw-prod"));
  EXPECT_EQ(renamed(names, 7, "wg0"), "cw-prod");
  EXPECT_FALSE(renamed(names, 7, "wg1")) << "not ours any more";
}

TEST(LinkNames, LearnWhatComesAndForgetWhatGoes) {
  LinkNames names(kInterest.ownership);
  names.learn(2, "eth0");
  EXPECT_FALSE(renamed(names, 2, "lan0")) << "somebody else's";
  EXPECT_FALSE(renamed(names, 8, "cw-spare"));
  EXPECT_FALSE(renamed(names, 8, "cw-spare", RTM_DELLINK));
  EXPECT_FALSE(renamed(names, 8, "veth7")) << "another life of the index";
}

MessageWriter route(std::uint32_t table) {
  rtmsg header{};
  header.rtm_table = RT_TABLE_COMPAT;
  auto out = started(RTM_DELROUTE, header);
  out.number(RTA_TABLE, table);
  return out;
}

TEST(RouteNotification, ADevicesEndIsSeenWhereItIsOursOrTheSitesOnly) {
  EXPECT_TRUE(concerns(*decoded(link("cw-prod")), kInterest));
  EXPECT_TRUE(concerns(*decoded(link("eth0")), kInterest));
  EXPECT_FALSE(concerns(*decoded(link("veth1234")), kInterest));
}

TEST(RouteNotification, OurOwnChangeIsTheOneFromOurPort) {
  EXPECT_EQ(decoded(route(7920), kOwnPort)->origin, Origin::Own);
  EXPECT_EQ(decoded(route(7920), kOwnPort + 1)->origin, Origin::Foreign);
  EXPECT_EQ(decoded(route(7920), 0)->origin, Origin::Foreign) << "the kernel itself";
  EXPECT_FALSE(concerns(*decoded(route(7920), kOwnPort), kInterest));
  EXPECT_TRUE(concerns(*decoded(route(7920), 0), kInterest));
}

TEST(RouteNotification, RoutesOfOtherTablesDoNotConcernUs) {
  EXPECT_FALSE(concerns(*decoded(route(254)), kInterest));
}

TEST(RouteNotification, AnAddressConcernsUsOnOurDevices) {
  ifaddrmsg header{};
  header.ifa_index = 7;
  EXPECT_TRUE(concerns(*decoded(started(RTM_DELADDR, header)), kInterest));
  header.ifa_index = 99;
  EXPECT_FALSE(concerns(*decoded(started(RTM_DELADDR, header)), kInterest));
}

TEST(RouteNotification, ARuleConcernsUsInOurRange) {
  for (const auto& [priority, ours] :
       {std::pair{4899U, false}, {4900U, true}, {4999U, true}, {5000U, false}}) {
    auto out = started(RTM_DELRULE, fib_rule_hdr{});
    out.number(FRA_PRIORITY, priority);
    EXPECT_EQ(concerns(*decoded(std::move(out)), kInterest), ours) << priority;
  }
}

TEST(RouteNotification, AFilterThatGoesConcernsUsOnOurDevices) {
  for (const std::uint16_t type : {RTM_DELTFILTER, RTM_NEWTFILTER, RTM_DELQDISC}) {
    tcmsg header{};
    header.tcm_ifindex = 7;
    EXPECT_TRUE(concerns(*decoded(started(type, header)), kInterest)) << type;
    header.tcm_ifindex = 99;
    EXPECT_FALSE(concerns(*decoded(started(type, header)), kInterest)) << type;
  }
}

MessageWriter netconf(int index, std::uint16_t what) {
  auto out = started(RTM_NEWNETCONF, netconfmsg{});
  out.number(NETCONFA_IFINDEX, index);
  out.number(what, std::uint32_t{0});
  return out;
}

TEST(RouteNotification, ForwardingTurnedOffForAllConcernsUs) {
  const auto notification = decoded(netconf(NETCONFA_IFINDEX_ALL, NETCONFA_FORWARDING));
  EXPECT_EQ(notification, (Notification{.what = What::Netconf, .name = "all"}));
  EXPECT_TRUE(concerns(*notification, kInterest));
  EXPECT_FALSE(concerns(*decoded(netconf(99, NETCONFA_FORWARDING)), kInterest));
  EXPECT_FALSE(decoded(netconf(NETCONFA_IFINDEX_ALL, NETCONFA_PROXY_NEIGH)));
}

TEST(RouteNotification, TruncatedMessagesAreNone) {
  for (const std::uint16_t type :
       {RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE, RTM_NEWTFILTER, RTM_NEWNETCONF}) {
    EXPECT_FALSE(decoded(MessageWriter(type, 0))) << type;
  }
}

class NftNotification : public testing::Test {
 protected:
  std::optional<Notification> take(MessageWriter out) {
    const auto bytes = out.take();
    return transactions_.take(*Messages(bytes).next());
  }

  static MessageWriter object(int type, const char* table, std::uint8_t family = NFPROTO_INET) {
    nfgenmsg header{};
    header.nfgen_family = family;
    auto out = started(nft(type), header);
    out.text(NFTA_TABLE_NAME, table);
    return out;
  }

  static MessageWriter generation(std::uint32_t process) {
    auto out = started(nft(NFT_MSG_NEWGEN), nfgenmsg{});
    out.number(NFTA_GEN_ID, std::uint32_t{htonl(9)});
    out.number(NFTA_GEN_PROC_PID, std::uint32_t{htonl(process)});
    return out;
  }

  NftTransactions transactions_{kOwnProcess, kInterest.nft_table};

 private:
  static std::uint16_t nft(int type) {
    return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type);
  }
};

TEST_F(NftNotification, WaitsForTheEndOfTheTransaction) {
  EXPECT_FALSE(take(object(NFT_MSG_DELTABLE, "causeway")));
  const auto notification = take(generation(1));
  EXPECT_EQ(notification,
            (Notification{.what = What::Table, .origin = Origin::Foreign, .name = "causeway"}));
  EXPECT_TRUE(concerns(*notification, kInterest));
}

TEST_F(NftNotification, OurOwnTransactionIsTheOneOfOurProcess) {
  take(object(NFT_MSG_NEWSETELEM, "causeway"));
  const auto notification = take(generation(kOwnProcess));
  ASSERT_TRUE(notification);
  EXPECT_FALSE(concerns(*notification, kInterest));
}

TEST_F(NftNotification, ATransactionTakesOnlyWhatCameBeforeIt) {
  take(object(NFT_MSG_NEWRULE, "causeway"));
  take(generation(kOwnProcess));
  EXPECT_FALSE(take(generation(1)));
}

TEST_F(NftNotification, OtherTablesAndTheirNamesakesDoNotConcernUs) {
  take(object(NFT_MSG_NEWRULE, "docker"));
  take(object(NFT_MSG_NEWRULE, "causeway", NFPROTO_IPV4));
  EXPECT_FALSE(take(generation(1)));
}

// `nft flush ruleset` is one transaction of all tables.
TEST_F(NftNotification, OursIsSeenBehindAnyNumberOfOthers) {
  for (int i = 0; i < 1000; ++i) {
    take(object(NFT_MSG_DELTABLE, fmt::format("a{}", i).c_str()));
  }
  take(object(NFT_MSG_DELTABLE, "causeway"));
  EXPECT_TRUE(take(generation(1)));
}

TEST_F(NftNotification, OtherSubsystemsAreNotRead) {
  auto out = started(static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8), nfgenmsg{});
  EXPECT_FALSE(take(std::move(out)));
}

TEST(Concerns, ALossOfNotificationsDoes) {
  EXPECT_TRUE(concerns({.what = What::Overflow}, kInterest));
}

}  // namespace
}  // namespace cw::netlink
