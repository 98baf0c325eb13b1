// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "netlink/codec/route_codec.h"
#include "netlink/codec/sinks.h"
#include "netlink/socket/channel.h"

// RouteSink on the kernel's rtnetlink (contract in netlink/codec/sinks.h). Refuses to create,
// change or remove a device whose name is not of ours. What is removed is first read and then
// named to the kernel in its own words, so that what our values cannot express goes, too. Needs
// CAP_NET_ADMIN to write, nothing to read.
namespace cw::netlink {

class RouteSocket final : public RouteSink {
 public:
  static Result<RouteSocket> create(Ownership ownership);

  Result<std::vector<Link>> links() override;
  Result<std::vector<Address>> addresses() override;
  Result<std::vector<Route>> routes() override;
  Result<std::vector<Rule>> rules() override;

  Result<std::vector<HostPrefix>> overlapping(const std::vector<net::Prefix>& prefixes) override;

  Result<> create_wireguard(const std::string& device, std::uint32_t mtu) override;
  Result<> remove_link(const std::string& device) override;
  Result<> set_mtu(const std::string& device, std::uint32_t mtu) override;
  Result<> set_up(const std::string& device) override;
  Result<> add_address(const Address& address) override;
  Result<> remove_address(const Address& address) override;
  Result<> add_route(const Route& route) override;
  Result<> remove_route(const Route& route) override;
  Result<> add_rule(const Rule& rule) override;
  Result<> remove_rule(const Rule& rule) override;

  // Notifications with it are of our own changes.
  [[nodiscard]] std::uint32_t port() const { return channel_.port(); }

 private:
  using OnMessage = Channel::OnReply;

  RouteSocket(Ownership ownership, Channel channel)
      : ownership_(std::move(ownership)), channel_(std::move(channel)) {}

  [[nodiscard]] Result<> must_be_ours(const std::string& device) const;
  Result<> adopt_wireguard(const std::string& device, std::uint32_t mtu);

  Result<> dump_addresses(const OnMessage& on_message);
  Result<> dump_routes(net::Family family, const OnMessage& on_message);  // ours
  Result<> dump_all_routes(net::Family family, const OnMessage& on_message);
  Result<> dump_rules(net::Family family, const OnMessage& on_message);
  // Sends the payloads back, as requests of that type; "not there" is success.
  Result<> remove_all(const std::vector<std::vector<std::uint8_t>>& payloads, std::uint16_t type,
                      const std::string& what);

  Ownership ownership_;
  Channel channel_;
};

}  // namespace cw::netlink
