// SPDX-License-Identifier: Apache-2.0
#include "ha/gate/socket/source_routes.h"

#include <algorithm>
#include <cerrno>

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "ha/gate/source_route.h"

namespace cw::ha::gate {

namespace {

using netlink::Message;
using Payload = std::vector<std::uint8_t>;

std::uint8_t kernel_family(net::Family family) {
  return family == net::Family::V4 ? AF_INET : AF_INET6;
}

Result<> unless(Result<> result, std::initializer_list<int> fine) {
  if (!result && std::ranges::find(fine, result.error().os) != fine.end()) {
    return {};
  }
  return result;
}

}  // namespace

Result<SourceRoutes> SourceRoutes::create(std::uint8_t protocol) {
  auto channel = CW_TRY_IN(netlink::Channel::open(NETLINK_ROUTE), "opening rtnetlink");
  return SourceRoutes(protocol, std::move(channel));
}

Result<> SourceRoutes::dump(std::uint32_t table, std::uint8_t protocol, net::Family family,
                            const std::function<void(const Message&)>& take) {
  rtmsg header{};
  header.rtm_family = kernel_family(family);
  header.rtm_protocol = protocol;
  netlink::MessageWriter request(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
  request.header(header);
  request.number(RTA_TABLE, table);
  auto bytes = request.take();
  // A kernel without IPv6 answers with what it has.
  const auto keep = [&](const Message& message) {
    const auto answer = netlink::front<rtmsg>(message.payload);
    if (answer && answer->rtm_family == header.rtm_family && table_of(message) == table) {
      take(message);
    }
  };
  // ENOENT: the table does not exist before its first route.
  return unless(
      channel_.exchange(bytes, fmt::format("cannot list the routes of table {}", table), keep),
      {ENOENT});
}

Result<std::vector<Payload>> SourceRoutes::read(std::uint32_t table, net::Family family) {
  return netlink::retry_interrupted([&]() -> Result<std::vector<Payload>> {
    std::vector<Payload> found;
    CW_TRY(dump(table, protocol_, family, [&](const Message& message) {
      if (auto route = copied_route(message, table, protocol_, std::nullopt)) {
        found.push_back(std::move(*route));
      }
    }));
    std::ranges::sort(found);
    return found;
  });
}

Result<> SourceRoutes::write(std::uint16_t type, std::uint16_t flags, const Payload& route,
                             std::uint32_t table, std::initializer_list<int> fine) {
  netlink::MessageWriter request(type,
                                 static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags));
  request.raw(route);
  auto bytes = request.take();
  return unless(channel_.exchange(bytes, fmt::format("cannot change a route of table {}", table)),
                fine);
}

Result<std::vector<Payload>> SourceRoutes::read_main(std::uint32_t table, const net::Ip& source) {
  return netlink::retry_interrupted([&]() -> Result<std::vector<Payload>> {
    std::vector<Payload> routes;
    CW_TRY(dump(RT_TABLE_MAIN, RTPROT_UNSPEC, source.family(), [&](const Message& message) {
      auto route = copied_route(message, table, protocol_, source);
      if (route && routes.size() < kMostRoutes) {
        routes.push_back(std::move(*route));
      }
    }));
    return routes;
  });
}

Result<> SourceRoutes::copy_main(std::uint32_t table, const net::Ip& source) {
  const auto wanted = CW_TRY(read_main(table, source));
  const auto there = CW_TRY(read(table, source.family()));
  Result<> result;
  // In main's order: a gateway is reached by a route that comes before or is nearer.
  for (const auto& route : wanted) {
    if (!std::ranges::binary_search(there, route)) {
      auto added = write(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route, table, {});
      result = result ? std::move(added) : std::move(result);
    }
  }
  const auto now = CW_TRY(read(table, source.family()));  // what was replaced is gone already
  for (const auto& route : now) {
    if (std::ranges::find(wanted, route) == wanted.end()) {
      auto removed = write(RTM_DELROUTE, 0, route, table, {ESRCH, ENOENT});
      result = result ? std::move(removed) : std::move(result);
    }
  }
  return result;
}

Result<> SourceRoutes::clear(std::uint32_t table, net::Family family) {
  const auto routes = CW_TRY(read(table, family));
  for (const auto& route : routes) {
    CW_TRY(write(RTM_DELROUTE, 0, route, table, {ESRCH, ENOENT}));
  }
  return {};
}

}  // namespace cw::ha::gate
