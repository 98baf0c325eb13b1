// SPDX-License-Identifier: Apache-2.0
#include "network/router_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
          .network = "/etc/causeway/network",
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
                .network = "lab/net",
                .lan_interface = "ens5",
                .keys = {{.gateway = "g",
                          .source = {.kind = KeySource::Kind::Credential, .name = "g.key"}}},
                .flowtable = false,
                .metrics_listen = net::SocketAddress{*net::Ip::parse("::1"), 9586},
                .alternate_ports = {53, 4500},
            }));
}

TEST(RouterConfig, TurnsAlternatePortsOffWithAnEmptyList) {
  const auto config =
      parse_router_config("alternate_ports = []\n" + std::string(kLeast), "router.toml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_TRUE(config->alternate_ports.empty());
}

}  // namespace
}  // namespace cw::network
