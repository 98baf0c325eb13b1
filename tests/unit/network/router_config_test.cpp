// SPDX-License-Identifier: Apache-2.0
#include "network/router_config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/network/signing_keys.h"

namespace cw::network {
namespace {

constexpr std::string_view kLeast =
    "name = \"r\"\nsite = \"s\"\n[[key]]\ngateway = \"g\"\nsource = \"keys/g\"\n";

TEST(RouterConfig, FillsInTheDefaults) {
  const auto config = parse_router_config(kLeast, "/etc/causeway/router.toml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_EQ(
      *config,
      (RouterConfig{
          .name = "r",
          .site = "s",
          .network = {fetch::Location::Kind::Path, "/etc/causeway/network"},
          .lan_interface = {},
          .keys = {{.gateway = "g",
                    .source = {.kind = KeySource::Kind::File, .name = "/etc/causeway/keys/g"}}},
          .metrics_listen = {},
          .alternate_ports = {443, 4500},
      }));
}

TEST(RouterConfig, ReadsEveryKey) {
  const auto config = parse_router_config(
      "name = \"r\"\nsite = \"s\"\nnetwork = \"net\"\nlan_interface = \"ens5\"\n"
      "metrics_listen = \"[::1]:9586\"\nflowtable = false\nalternate_ports = [4500, 53, 4500]\n"
      "[[key]]\ngateway = \"g\"\nsource = \"credential:g.key\"\n",
      "lab/router.toml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_EQ(*config,
            (RouterConfig{
                .name = "r",
                .site = "s",
                .network = {fetch::Location::Kind::Path, "lab/net"},
                .lan_interface = "ens5",
                .keys = {{.gateway = "g",
                          .source = {.kind = KeySource::Kind::Credential, .name = "g.key"}}},
                .flowtable = false,
                .metrics_listen = net::SocketAddress{*net::Ip::parse("::1"), 9586},
                .alternate_ports = {53, 4500},
            }));
}

TEST(RouterConfig, ReadsFailover) {
  const auto config = parse_router_config(
      std::string(kLeast) +
          "outer = [\"10.0.0.20\", \"2001:db8:10::20\"]\n[failover]\ninterface = \"eth0\"\nport = "
          "7000\netcd = \"https://10.0.0.1:2379/\"\netcd_user = \"r\"\netcd_password = \"pw\"\n"
          "etcd_ca_file = \"ca.pem\"\netcd_certificate = \"r.pem\"\netcd_key = \"r.key\"\n"
          "metrics_listen = \"127.0.0.1:9587\"\n",
      "lab/router.toml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_THAT(config->keys.at(0).outer, ::testing::ElementsAre(*net::Ip::parse("10.0.0.20"),
                                                               *net::Ip::parse("2001:db8:10::20")));
  EXPECT_EQ(
      config->failover,
      (FailoverConfig{.interface = "eth0",
                      .port = 7000,
                      .etcd = {"https://10.0.0.1:2379"},
                      .etcd_user = "r",
                      .etcd_password = KeySource{.kind = KeySource::Kind::File, .name = "lab/pw"},
                      .etcd_ca_file = "lab/ca.pem",
                      .etcd_certificate = "lab/r.pem",
                      .etcd_key = "lab/r.key",
                      .metrics_listen = net::SocketAddress{*net::Ip::parse("127.0.0.1"), 9587}}));
}

std::string failover_refusal(const std::string& outer, const std::string& failover) {
  const auto config =
      parse_router_config(std::string(kLeast) + outer + "\n[failover]\n" + failover, "router.toml");
  EXPECT_FALSE(config) << failover;
  return config ? "" : render(config.error());
}

constexpr std::string_view kFailover = "interface = \"eth0\"\netcd = \"https://e:2379\"\n";

TEST(RouterConfig, RefusesFailoverThatCannotWork) {
  const std::string good(kFailover);
  EXPECT_THAT(failover_refusal("", "interface = \"eth0\"\n"), ::testing::HasSubstr("`etcd`"));
  EXPECT_THAT(failover_refusal("outer = \"127.0.0.1\"", good), ::testing::HasSubstr("loopback"));
  EXPECT_THAT(failover_refusal("outer = [\"10.0.0.1\", \"10.0.0.2\"]", good),
              ::testing::HasSubstr("one IPv4 and one IPv6 address"));
  EXPECT_THAT(failover_refusal("", good + "etcd_user = \"r\"\n"),
              ::testing::HasSubstr("go together"));
  EXPECT_THAT(failover_refusal("", good + "etcd_key = \"k\"\n"),
              ::testing::HasSubstr("go together"));
  EXPECT_THAT(failover_refusal("", "interface = \"eth0\"\netcd = \"e:2379\"\n"),
              ::testing::HasSubstr("begins with https://"));
}

std::string refusal(const std::string& lines) {
  const auto config = parse_router_config(lines + std::string(kLeast), "router.toml");
  EXPECT_FALSE(config) << lines;
  return config ? "" : render(config.error());
}

std::string trusted() {
  return fmt::format("trusted_keys = [\"{}\"]\n", signing_key(1).public_key().to_text());
}

TEST(RouterConfig, ReadsASignedNetwork) {
  const auto config = parse_router_config(
      "network = \"https://files.example.com/net\"\nnetwork_id = \"fd5e:3a1c:9b04::/48\"\n"
      "fetch_interval = \"5m\"\nmax_age = \"7d\"\nca_file = \"ca.pem\"\n" +
          trusted() + std::string(kLeast),
      "lab/router.toml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_EQ(config->network.kind, fetch::Location::Kind::Https);
  EXPECT_EQ(config->signed_source,
            (SignedSource{.trusted = {signing_key(1).public_key()},
                          .network_id = *net::Prefix::parse("fd5e:3a1c:9b04::/48"),
                          .interval = std::chrono::minutes(5),
                          .max_age = std::chrono::hours(7 * 24),
                          .ca_file = "lab/ca.pem"}));
}

TEST(RouterConfig, TakesASignedFileBesideItself) {
  const auto config = parse_router_config(
      "network = \"net.signed\"\n" + trusted() + std::string(kLeast), "d/r.toml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_EQ(config->network, (fetch::Location{fetch::Location::Kind::Path, "d/net.signed"}));
  EXPECT_EQ(config->signed_source->interval, std::chrono::seconds(30));
}

TEST(RouterConfig, WantsSomebodyTrustedForWhatIsSigned) {
  using ::testing::HasSubstr;
  EXPECT_THAT(refusal("network = \"https://example.com/net\"\n"), HasSubstr("trusted_keys"));
  EXPECT_THAT(refusal("max_age = \"7d\"\n"), HasSubstr("`max_age` is for a signed netmap"));
}

TEST(RouterConfig, RefusesWhatIsNoAddressKeyOrTime) {
  using ::testing::HasSubstr;
  EXPECT_THAT(refusal("network = \"http://example.com/net\"\n" + trusted()), HasSubstr("loopback"));
  EXPECT_THAT(refusal("trusted_keys = [\"RWnonsense\"]\n"), HasSubstr("trusted_keys"));
  EXPECT_THAT(refusal(trusted() + "network_id = \"10.0.0.0/8\"\n"), HasSubstr("/48"));
  for (const auto* time : {"30", "s", "-5s", "5 s", "1w", "4s", "2h", "99999999999s", ""}) {
    EXPECT_THAT(refusal(trusted() + fmt::format("fetch_interval = \"{}\"\n", time)),
                HasSubstr("fetch_interval"))
        << time;
  }
}

TEST(RouterConfig, TurnsAlternatePortsOffWithAnEmptyList) {
  const auto config =
      parse_router_config("alternate_ports = []\n" + std::string(kLeast), "router.toml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_TRUE(config->alternate_ports.empty());
}

}  // namespace
}  // namespace cw::network
