// SPDX-License-Identifier: Apache-2.0
#include "cli/address_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::cli {
namespace {

using ::testing::HasSubstr;

net::Prefix prefix(const char* text) {
  return *net::Prefix::parse(text);
}

network::Site site(std::string name, std::uint16_t id, std::vector<net::Prefix> routes) {
  return {.name = std::move(name),
          .id = {id},
          .routes = std::move(routes),
          .routers = {},
          .gateways = {}};
}

// prod and staging have the same 10.0.0.0/16; prod has 10.7.0.0/16 and an IPv6 route besides.
network::Netmap two_sites() {
  network::Netmap netmap;
  netmap.pool = prefix("100.83.0.0/16");
  netmap.via_prefix = prefix("fd5e:3a1c:9b04:b1a::/64");
  netmap.sites = {
      site("prod", 1, {prefix("10.0.0.0/16"), prefix("10.7.0.0/16"), prefix("2001:db8::/48")}),
      site("staging", 2, {prefix("10.0.0.0/16")})};
  netmap.sites[1].aliases = {{.route = prefix("10.0.0.0/16"), .alias = prefix("100.80.0.0/16")}};
  netmap.policy.emplace();
  netmap.policy->hosts = {
      {.name = "db", .prefix = prefix("10.0.1.5/32"), .site = "prod"},
      {.name = "db-by-via", .prefix = prefix("fd5e:3a1c:9b04:b1a:0:1:a00:105/128"), .site = {}},
      {.name = "lan", .prefix = prefix("10.7.1.0/24"), .site = {}},
      {.name = "www", .prefix = prefix("2001:db8::5/128"), .site = {}}};
  return netmap;
}

AddressForms found(const std::string& text, const std::optional<std::string>& site = {}) {
  const auto forms = find_address(two_sites(), text, site);
  EXPECT_TRUE(forms) << forms.error().message;
  return forms.value_or(AddressForms());
}

std::string refused(const std::string& text, const std::optional<std::string>& site = {}) {
  const auto forms = find_address(two_sites(), text, site);
  EXPECT_FALSE(forms);
  return forms ? "" : forms.error().message + "\n" + forms.error().hint;
}

TEST(AddressForms, AreTheSameFromEachFormAndFromAHost) {
  const auto forms = found("10.0.1.5", "prod");
  EXPECT_EQ(forms.site, "prod");
  EXPECT_EQ(forms.via6.to_text(), "fd5e:3a1c:9b04:b1a:0:1:a00:105");
  EXPECT_EQ(found("fd5e:3a1c:9b04:b1a:0:1:a00:105"), forms);
  EXPECT_EQ(found("fd5e:3a1c:9b04:b1a:0:1:a00:105", "prod"), forms);
  EXPECT_EQ(found("db"), forms);
  EXPECT_EQ(found("db-by-via"), forms);
  EXPECT_THAT(forms.hosts, testing::ElementsAre("db", "db-by-via"));
  EXPECT_TRUE(found("10.0.1.5", "staging").hosts.empty());
}

TEST(AddressForms, HaveAnAliasWhereTheRouteHas) {
  const auto forms = found("100.80.1.5");
  EXPECT_EQ(forms.site, "staging");
  EXPECT_EQ(forms.address.to_text(), "10.0.1.5");
  EXPECT_EQ(found("10.0.1.5", "staging"), forms);
  EXPECT_EQ(found("fd5e:3a1c:9b04:b1a:0:2:a00:105"), forms);
  EXPECT_EQ(forms_text(forms),
            "site     staging\n"
            "address  10.0.1.5\n"
            "4via6    fd5e:3a1c:9b04:b1a:0:2:a00:105\n"
            "alias    100.80.1.5\n");
  EXPECT_THAT(forms_json(forms), HasSubstr("\"alias\": \"100.80.1.5\""));
  EXPECT_THAT(refused("100.80.1.5", "prod"), HasSubstr("is at site `staging`, not at `prod`"));
}

TEST(AddressForms, NeedNoSiteWhereOneHasTheAddress) {
  EXPECT_EQ(found("10.7.0.1").site, "prod");
}

TEST(AddressForms, OfAnAddressAtTwoSitesAreListed) {
  EXPECT_EQ(refused("10.0.1.5"),
            "10.0.1.5 is at 2 sites\n"
            "say which: --site prod (fd5e:3a1c:9b04:b1a:0:1:a00:105), --site staging "
            "(fd5e:3a1c:9b04:b1a:0:2:a00:105)");
}

TEST(AddressForms, OutsideTheRoutesAreNone) {
  EXPECT_EQ(refused("10.9.0.1", "staging"),
            "10.9.0.1 is in no route of site `staging`\nits routes are 10.0.0.0/16");
  EXPECT_THAT(refused("10.9.0.1"), HasSubstr("no site has a route to 10.9.0.1"));
  EXPECT_THAT(refused("fd5e:3a1c:9b04:b1a:0:2:a09:1"),
              HasSubstr("10.9.0.1 is in no route of site `staging`"));
  EXPECT_THAT(refused("100.83.0.5"), HasSubstr("an overlay address, which peers reach as it is"));
}

TEST(AddressForms, SayWhichSitesThereAre) {
  EXPECT_EQ(refused("10.0.1.5", "prods"), "there is no site `prods`\ndid you mean `prod`?");
  EXPECT_EQ(refused("10.0.1.5", "elsewhere"),
            "there is no site `elsewhere`\nthe sites are prod, staging");
  EXPECT_THAT(refused("fd5e:3a1c:9b04:b1a:0:9:a00:105"),
              HasSubstr("is of the site with id 9, which there is not"));
  EXPECT_THAT(refused("fd5e:3a1c:9b04:b1a:1::1"), HasSubstr("names no site"));
}

TEST(AddressForms, DoNotBelieveTheWrongSite) {
  EXPECT_THAT(refused("db", "staging"), HasSubstr("db is at site `prod`, not at `staging`"));
  EXPECT_THAT(refused("fd5e:3a1c:9b04:b1a:0:1:a00:105", "staging"),
              HasSubstr("is at site `prod`, not at `staging`"));
}

TEST(AddressForms, AreOfOneIpv4Address) {
  EXPECT_THAT(refused("lan"), HasSubstr("host `lan` is a prefix, 10.7.1.0/24"));
  EXPECT_THAT(refused("10.0.0.0/16"), HasSubstr("is a prefix"));
  EXPECT_THAT(refused("www"), HasSubstr("2001:db8::5 is an IPv6 address"));
  EXPECT_THAT(refused("dbb"), HasSubstr("there is no host `dbb` in policy.toml"));
}

TEST(AddressForms, AreTextAndJson) {
  EXPECT_EQ(forms_text(found("db")),
            "site     prod\n"
            "address  10.0.1.5\n"
            "4via6    fd5e:3a1c:9b04:b1a:0:1:a00:105\n"
            "host     db, db-by-via\n");
  EXPECT_EQ(forms_json(found("10.7.0.1")),
            "{\n"
            "  \"address\": \"10.7.0.1\",\n"
            "  \"hosts\": [],\n"
            "  \"site\": \"prod\",\n"
            "  \"via6\": \"fd5e:3a1c:9b04:b1a:0:1:a07:1\"\n"
            "}\n");
}

TEST(HostLines, AreAlignedAndSayWhatIsLeftOut) {
  auto netmap = two_sites();
  netmap.policy->hosts.push_back({.name = "zoo", .prefix = prefix("10.9.0.1/32"), .site = {}});
  EXPECT_EQ(hosts_text(host_addresses(netmap), HostForm::Via6),
            "fd5e:3a1c:9b04:b1a:0:1:a00:105  db\n"
            "fd5e:3a1c:9b04:b1a:0:1:a00:105  db-by-via\n"
            "# left out: host `lan` is a prefix, 10.7.1.0/24\n"
            "2001:db8::5                     www\n"
            "# left out: no site has a route to 10.9.0.1\n");
}

TEST(HostLines, ByAliasLeaveOutWhatHasNone) {
  auto netmap = two_sites();
  netmap.policy->hosts.push_back(
      {.name = "test-db", .prefix = prefix("10.0.1.5/32"), .site = "staging"});
  EXPECT_EQ(hosts_text(host_addresses(netmap), HostForm::Alias),
            "# left out: the route of host `db`, 10.0.1.5 at site `prod`, has no alias\n"
            "# left out: the route of host `db-by-via`, 10.0.1.5 at site `prod`, has no alias\n"
            "# left out: host `lan` is a prefix, 10.7.1.0/24\n"
            "2001:db8::5  www\n"
            "100.80.1.5   test-db\n");
}

TEST(HostLines, OfNoHostsAreAComment) {
  auto netmap = two_sites();
  netmap.policy.reset();
  EXPECT_EQ(hosts_text(host_addresses(netmap), HostForm::Via6),
            "# no hosts: policy.toml has none in [hosts]\n");
  EXPECT_EQ(hosts_json(host_addresses(netmap)), "[]\n");
}

TEST(HostLines, AreJsonForPrograms) {
  auto netmap = two_sites();
  auto& all = netmap.policy->hosts;
  all = {all[0], all[2], all[3]};
  EXPECT_EQ(hosts_json(host_addresses(netmap)), R"([
  {
    "address": "10.0.1.5",
    "name": "db",
    "site": "prod",
    "via6": "fd5e:3a1c:9b04:b1a:0:1:a00:105"
  },
  {
    "left_out": "host `lan` is a prefix, 10.7.1.0/24",
    "name": "lan"
  },
  {
    "address": "2001:db8::5",
    "name": "www"
  }
]
)");
}

RC_GTEST_PROP(AddressFormsLaws, LeadBackToSiteAndAddress, ()) {
  const auto netmap = two_sites();
  const auto host = *rc::gen::inRange<std::uint32_t>(0, 1U << 16U);
  const std::string name = *rc::gen::element<std::string>("prod", "staging");
  const auto address = net::Ip::v4(0x0a000000U + host);
  const auto forms = find_address(netmap, address.to_text(), name);
  RC_ASSERT(forms && forms->site == name && forms->address == address);
  const auto back = find_address(netmap, forms->via6.to_text(), {});
  RC_ASSERT(back && *back == *forms);
  RC_ASSERT(forms->alias.has_value() == (name == "staging"));
  if (forms->alias) {
    const auto from_alias = find_address(netmap, forms->alias->to_text(), {});
    RC_ASSERT(from_alias && *from_alias == *forms);
  }
}

}  // namespace
}  // namespace cw::cli
