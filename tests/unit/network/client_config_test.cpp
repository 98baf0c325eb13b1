// SPDX-License-Identifier: Apache-2.0
#include "network/client_config.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "network/compile.h"
#include "tests/unit/network/random_network.h"

namespace cw::network {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

std::vector<std::string> texts(const std::vector<net::Prefix>& prefixes) {
  std::vector<std::string> list;
  for (const auto& each : prefixes) {
    list.push_back(each.to_text());
  }
  return list;
}

// small_network() with a second site that has one route of its own and one of production's.
Netmap two_sites() {
  auto files = small_network();
  files["network.toml"] += "client_routes = [\"10.0.0.0/8\", \"172.16.0.0/12\"]\n";
  files["sites/lab.toml"] = fmt::format(
      "id = 3\nroutes = [\"10.1.0.0/16\", \"10.9.0.0/16\", \"172.16.0.0/12\"]\n"
      "[[router]]\nname = \"router-l\"\n"
      "[[gateway]]\nname = \"lab\"\npublic_key = \"{}\"\nendpoint = \"192.0.2.7:443\"\n"
      "address = \"100.83.0.2\"\n",
      numbered_key(77));
  files["peers/alice.toml"] += "home = \"prod-a\"\n";
  return *compile(files).netmap;
}

const Peer& alice(const Netmap& netmap) {
  return netmap.peers.front();
}

std::string text(const Netmap& netmap, const ClientOptions& options) {
  return std::string(to_text(client_config(netmap, alice(netmap)), options, nullptr).expose());
}

TEST(ClientConfigOf, ASiteIsOnePeerWithItsGatewayItsViaPrefixAndItsRoutes) {
  const auto netmap = *compile(small_network()).netmap;
  const auto config = client_config(netmap, alice(netmap));
  ASSERT_EQ(config.peers.size(), 1U);
  EXPECT_EQ(config.peers[0].endpoint.to_text(), "vpn.example.com:51820");
  EXPECT_THAT(
      texts(config.peers[0].allowed_ips),
      ElementsAre("100.83.0.1/32", "fd5e:3a1c:9b04::6453:1/128", "fd5e:3a1c:9b04:b1a:0:7::/96",
                  "10.0.0.0/16", "10.1.0.0/16", "fd5e:3a1c:9b04:b1a::/64"));
}

TEST(ClientConfigOf, ARouteOfTwoSitesIsOfNeitherAndACatchAllOfASiteStaysThere) {
  const auto netmap = two_sites();
  const auto config = client_config(netmap, alice(netmap));
  ASSERT_EQ(config.peers.size(), 2U);  // by site id: lab is 3
  EXPECT_THAT(texts(config.peers[0].routes), ElementsAre("10.9.0.0/16", "172.16.0.0/12"));
  EXPECT_THAT(texts(config.peers[1].routes), ElementsAre("10.0.0.0/16"));
  EXPECT_THAT(texts(config.claimed_twice), ElementsAre("10.1.0.0/16"));
  EXPECT_THAT(
      texts(config.peers[1].allowed_ips),
      ElementsAre("100.83.0.1/32", "fd5e:3a1c:9b04::6453:1/128", "fd5e:3a1c:9b04:b1a:0:7::/96",
                  "10.0.0.0/16", "fd5e:3a1c:9b04:b1a::/64", "10.0.0.0/8"));
}

// The sites of two_sites(), each with an alias of the 10.1.0.0/16 that both have.
Netmap with_aliases() {
  auto netmap = two_sites();
  netmap.sites[0].aliases = {{.route = prefix("10.1.0.0/16"), .alias = prefix("100.90.0.0/16")}};
  netmap.sites[1].aliases = {{.route = prefix("10.1.0.0/16"), .alias = prefix("100.91.0.0/16")}};
  return netmap;
}

TEST(ClientConfigOf, AnAliasStandsBesideTheViaPrefixAlsoOfARouteOfTwoSites) {
  const auto netmap = with_aliases();
  const auto config = client_config(netmap, alice(netmap));
  EXPECT_THAT(texts(config.peers[0].routes),
              ElementsAre("100.90.0.0/16", "10.9.0.0/16", "172.16.0.0/12"));
  EXPECT_THAT(
      texts(config.peers[1].allowed_ips),
      ElementsAre("100.83.0.1/32", "fd5e:3a1c:9b04::6453:1/128", "fd5e:3a1c:9b04:b1a:0:7::/96",
                  "100.91.0.0/16", "10.0.0.0/16", "fd5e:3a1c:9b04:b1a::/64", "10.0.0.0/8"));
  EXPECT_THAT(text(netmap, {.ipv4_only = true}), HasSubstr("100.83.0.1/32, 100.91.0.0/16"));
}

TEST(Fingerprint, DoesNotKnowAliases) {
  EXPECT_EQ(fingerprint(with_aliases(), alice(with_aliases())),
            fingerprint(two_sites(), alice(two_sites())));
}

TEST(ClientConfigOf, ASiteThatThePeerDoesNotNameOrCannotReachIsNotInIt) {
  auto netmap = two_sites();
  netmap.peers[0].sites = {"production"};
  EXPECT_EQ(client_config(netmap, alice(netmap)).peers.size(), 1U);
  netmap.peers[0].sites = {"lab", "production"};
  netmap.sites[0].gateways[0].block = *net::Block::from(prefix("100.83.128.0/17"));
  EXPECT_EQ(client_config(netmap, alice(netmap)).peers.size(), 1U);
}

TEST(ClientConfigText, IsWhatTheAppsImport) {
  const auto netmap = *compile(small_network()).netmap;
  const auto key = *net::PrivateKey::parse("EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA=");
  const auto made = to_text(client_config(netmap, alice(netmap)), {}, &key);
  EXPECT_EQ(made.expose(),
            "[Interface]\n"
            "PrivateKey = EBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA=\n"
            "Address = 100.83.0.5/32, fd5e:3a1c:9b04::6453:5/128\n"
            "\n"
            "[Peer]\n"
            "PublicKey = aPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=\n"
            "Endpoint = vpn.example.com:51820\n"
            "AllowedIPs = 100.83.0.1/32, fd5e:3a1c:9b04::6453:1/128, fd5e:3a1c:9b04:b1a:0:7::/96, "
            "10.0.0.0/16, 10.1.0.0/16, fd5e:3a1c:9b04:b1a::/64\n"
            "PersistentKeepalive = 25\n");
}

TEST(ClientConfigText, WithoutAKeyAComment) {
  const auto netmap = *compile(small_network()).netmap;
  EXPECT_THAT(text(netmap, {}),
              ::testing::StartsWith("[Interface]\n# PrivateKey = (the device's own)\nAddress = "));
}

TEST(ClientConfigText, AnMtuOnPhonesAndWhereAskedFor) {
  const auto netmap = *compile(small_network()).netmap;
  EXPECT_THAT(text(netmap, {.platform = Platform::Phone}), HasSubstr("\nMTU = 1280\n"));
  EXPECT_THAT(text(netmap, {.platform = Platform::Phone, .mtu = 1400}),
              HasSubstr("\nMTU = 1400\n"));
  EXPECT_THAT(text(netmap, {.mtu = 1300}), HasSubstr("\nMTU = 1300\n"));
  for (const auto desktop : {Platform::Any, Platform::Mac, Platform::Windows, Platform::Linux}) {
    EXPECT_THAT(text(netmap, {.platform = desktop}), Not(HasSubstr("MTU")));
  }
}

TEST(ClientConfigText, DnsOnlyWhereAskedFor) {
  const auto netmap = *compile(small_network()).netmap;
  EXPECT_THAT(text(netmap, {}), Not(HasSubstr("DNS")));
  EXPECT_THAT(text(netmap, {.dns = {"10.0.0.2", "corp.example"}}),
              HasSubstr("\nDNS = 10.0.0.2, corp.example\n"));
}

TEST(ClientConfigText, WithIpv4OnlyHasNoColonButBeforePorts) {
  const auto made = text(two_sites(), {.ipv4_only = true});
  EXPECT_EQ(std::ranges::count(made, ':'), 2);
  EXPECT_THAT(made, HasSubstr("\nAddress = 100.83.0.5/32\n"));
}

TEST(TunnelName, IsTakenByEveryPlatform) {
  EXPECT_EQ(tunnel_name("acme"), "acme");
  EXPECT_EQ(tunnel_name("the-network-of-acme"), "the-network-of");
  EXPECT_EQ(tunnel_name("con"), "vpn-con");
  EXPECT_EQ(tunnel_name("nul.office"), "vpn-nul.office");
  EXPECT_EQ(tunnel_name("console"), "console");
  for (const auto* name : {"acme", "vpn-con", "A_b=c+d.e-f"}) {
    EXPECT_TRUE(is_tunnel_name(name)) << name;
  }
  for (const auto* name : {"", "sixteen-letters-", "a b", "a/b", "NUL", "com1.x", "\xc3\xa4"}) {
    EXPECT_FALSE(is_tunnel_name(name)) << name;
  }
}

// Its form is in thousands of peer files: a change of this text asks every client to import again.
TEST(Fingerprint, StaysWhatItWas) {
  EXPECT_EQ(fingerprint(two_sites(), alice(two_sites())), "b5cdbfd6e1698fa9ed5842f7787a6466");
}

TEST(Fingerprint, ChangesWithWhatAConfigurationCannotDoWithout) {
  const auto netmap = two_sites();
  const auto before = fingerprint(netmap, alice(netmap));
  const auto after = [&](auto change) {
    auto changed = netmap;
    change(changed, changed.sites[0].gateways[0]);
    return fingerprint(changed, alice(changed));
  };
  EXPECT_EQ(after([](Netmap&, Gateway&) {}), before);
  EXPECT_NE(after([](Netmap&, Gateway& lab) { lab.endpoint.port = 444; }), before);
  EXPECT_NE(after([](Netmap&, Gateway& lab) { lab.public_key = {}; }), before);
  EXPECT_NE(after([](Netmap&, Gateway& lab) { lab.address = *net::Ip::parse("100.83.0.3"); }),
            before);
  EXPECT_NE(after([](Netmap& n, Gateway&) { n.sites[0].id = {4}; }), before);
  EXPECT_NE(after([](Netmap& n, Gateway&) { n.client_routes.pop_back(); }), before);
  EXPECT_NE(after([](Netmap& n, Gateway&) { n.peers[0].sites = {"production"}; }), before);
  EXPECT_NE(after([](Netmap& n, Gateway&) { n.peers[0].home = "lab"; }), before);
}

TEST(Fingerprint, DoesNotKnowNamesOfSitesAndGateways) {
  auto netmap = two_sites();
  const auto before = fingerprint(netmap, alice(netmap));
  netmap.sites[1].name = netmap.peers[0].sites[1] = "factory";
  netmap.sites[1].gateways[0].name = netmap.peers[0].home = "f1";
  EXPECT_EQ(fingerprint(netmap, alice(netmap)), before);
}

// ---- laws

RC_GTEST_PROP(ClientConfigLaws, NoAllowedIpStandsTwice, ()) {
  const auto netmap = *compile(random_network()).netmap;
  for (const Peer& peer : netmap.peers) {
    std::set<net::Prefix> seen;
    for (const auto& each : client_config(netmap, peer).peers) {
      for (const auto& allowed : each.allowed_ips) {
        RC_ASSERT(seen.insert(allowed).second);
      }
    }
  }
}

RC_GTEST_PROP(ClientConfigLaws, EachSiteClaimsItsOwnAndNothingOfAnotherSite, ()) {
  const auto netmap = *compile(random_network()).netmap;
  for (const Peer& peer : netmap.peers) {
    const auto config = client_config(netmap, peer);
    std::multiset<net::Prefix> all;
    for (const auto& site : netmap.sites) {
      if (std::ranges::count(config.peers, site.name, &ClientPeer::site) != 0) {
        all.insert(site.routes.begin(), site.routes.end());
      }
    }
    for (const auto& site : netmap.sites) {
      const auto made = std::ranges::find(config.peers, site.name, &ClientPeer::site);
      const auto gateway = std::ranges::find_if(
          site.gateways, [&](const Gateway& each) { return each.block.contains(peer.address); });
      const bool reached =
          std::ranges::count(peer.sites, site.name) != 0 && gateway != site.gateways.end();
      RC_ASSERT(reached == (made != config.peers.end()));
      if (!reached) {
        continue;
      }
      RC_ASSERT(made->public_key == gateway->public_key && made->endpoint == gateway->endpoint);
      for (const auto& route : site.routes) {
        RC_ASSERT(std::ranges::count(made->routes, route) == (all.count(route) == 1 ? 1 : 0));
      }
      RC_ASSERT(std::ranges::count(made->allowed_ips, net::site_via(netmap.via_prefix, site.id)) ==
                1);
      RC_ASSERT(std::ranges::count(made->allowed_ips, netmap.via_prefix) ==
                (gateway->name == peer.home ? 1 : 0));
    }
  }
}

// A change that is made after configurations were issued, by `peer add` as it pins sites and home.
template <class Change>
void changes_no_fingerprint(Change change) {
  const auto before = *compile(random_network()).netmap;
  auto files = to_directory(before);
  change(before, files);
  const auto after = compile(files).netmap;
  RC_ASSERT(after.has_value());
  RC_ASSERT(after->peers.size() == before.peers.size());
  for (std::size_t i = 0; i < before.peers.size(); ++i) {
    RC_ASSERT(fingerprint(*after, after->peers[i]) == fingerprint(before, before.peers[i]));
  }
}

template <class T>
Field<T> field(T value) {
  return {.value = std::move(value), .span = {}, .set = true};
}

SiteFile& any_site(Directory& files) {
  auto site = files.sites.begin();
  std::advance(site, pick<std::size_t>(0, files.sites.size() - 1));
  return site->second;
}

GatewayTable new_gateway(const char* name, const char* address) {
  GatewayTable gateway;
  gateway.name = field<std::string>(name);
  gateway.public_key = field(*net::PublicKey::parse(numbered_key(5'000'000)));
  gateway.endpoint = field(net::Endpoint{.host = "new.example.com", .port = 4000});
  gateway.address = field(*net::Ip::parse(address));
  return gateway;
}

RC_GTEST_PROP(WhatIsIssuedLasts, WhenARouteIsAdded, ()) {
  changes_no_fingerprint([](const Netmap&, Directory& files) {
    const auto route = coin() ? fmt::format("10.{}.0.0/16", pick(4, 255))
                              : fmt::format("192.168.{}.0/24", pick(0, 255));
    any_site(files).routes.push_back({.value = prefix(route.c_str()), .span = {}});
  });
}

RC_GTEST_PROP(WhatIsIssuedLasts, WhenAnAliasIsAddedOrChanged, ()) {
  changes_no_fingerprint([](const Netmap&, Directory& files) {
    auto& site = any_site(files);
    site.aliases = {
        {.route = site.routes.front(), .alias = {.value = prefix("198.19.0.0/16"), .span = {}}}};
  });
}

RC_GTEST_PROP(WhatIsIssuedLasts, WhenARouteGoesOrMovesToAnotherSite, ()) {
  changes_no_fingerprint([](const Netmap&, Directory& files) {
    auto& site = any_site(files);
    site.health.clear();  // which would have to be in what is left
    auto& routes = site.routes;
    const auto moved = routes.back();
    routes.pop_back();
    auto& others = any_site(files).routes;
    if (std::ranges::find(others, moved) == others.end()) {
      others.push_back(moved);
    }
  });
}

RC_GTEST_PROP(WhatIsIssuedLasts, WhenARuleIsAdded, ()) {
  changes_no_fingerprint([](const Netmap&, Directory& files) {
    files.put("policy.toml", coin() ? ""
                                    : "[[rule]]\nname = \"all\"\nfrom = \"any\"\nto = \"site:s0\"\n"
                                      "ports = \"any\"\n");
  });
}

RC_GTEST_PROP(WhatIsIssuedLasts, WhenARouterIsAdded, ()) {
  changes_no_fingerprint([](const Netmap&, Directory& files) {
    auto& site = any_site(files);
    site.routers.push_back({.at = {}, .name = field<std::string>("router-new"), .address = {}});
    if (coin()) {
      site.gateways.front().routers->push_back({.value = "router-new", .span = {}});
    }
  });
}

// Of a block that no peer is in: the pool is made twice as wide first, which reaches nobody either.
RC_GTEST_PROP(WhatIsIssuedLasts, WhenAGatewayIsAdded, ()) {
  changes_no_fingerprint([](const Netmap&, Directory& files) {
    files.network->pool = field(prefix("100.64.0.0/10"));
    auto gateway = new_gateway("new", "100.100.0.1");
    gateway.block = field(*net::Block::from(prefix("100.100.0.0/16")));
    any_site(files).gateways.push_back(gateway);
  });
}

RC_GTEST_PROP(WhatIsIssuedLasts, WhenASiteIsAdded, ()) {
  changes_no_fingerprint([](const Netmap& before, Directory& files) {
    SiteFile site;
    site.id = field(net::SiteId{pick<std::uint16_t>(1, 60000)});  // also below the others'
    site.routes = {{.value = prefix("10.0.0.0/16"), .span = {}}};
    site.routers = {{.at = {}, .name = field<std::string>("router-new"), .address = {}}};
    site.gateways = {new_gateway("new", "100.95.255.1")};
    site.gateways[0].block = field(*net::Block::from(before.pool));
    files.sites.emplace(coin() ? "a-new" : "z-new", site);
  });
}

}  // namespace
}  // namespace cw::network
