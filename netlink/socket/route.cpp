// SPDX-License-Identifier: Apache-2.0
#include "netlink/socket/route.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <fmt/format.h>

#include "netlink/socket/route_request.h"

namespace cw::netlink {

namespace {

constexpr auto kWireGuardKind = "wireguard";
constexpr std::array kFamilies = {net::Family::V4, net::Family::V6};

std::uint8_t kernel_family(net::Family family) {
  return family == net::Family::V4 ? AF_INET : AF_INET6;
}

// Looks each device up once.
DeviceName device_names() {
  return [known = std::map<int, std::string>()](int index) mutable {
    const auto [found, fresh] = known.try_emplace(index);
    std::array<char, IF_NAMESIZE> name{};
    if (fresh && if_indextoname(static_cast<unsigned>(index), name.data()) != nullptr) {
      found->second = name.data();
    }
    return found->second;
  };
}

Result<int> index_of(const std::string& device) {
  const auto index = if_nametoindex(device.c_str());
  if (index == 0) {
    return Error::from_errno(errno, fmt::format("no device {}", device));
  }
  return static_cast<int>(index);
}

// A kernel without IPv6 answers a question for IPv6 with what it has of all families, so everything
// would come twice.
template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::ranges::sort(values);
  const auto rest = std::ranges::unique(values);
  values.erase(rest.begin(), rest.end());
  return values;
}

Result<> unless(Result<> result, std::initializer_list<int> fine) {
  if (!result && std::ranges::find(fine, result.error().os) != fine.end()) {
    return {};
  }
  return result;
}

template <class T>
Channel::OnReply collect(std::vector<T>& into,
                         std::function<std::optional<T>(const Message&)> decode) {
  return [&into, decode = std::move(decode)](const Message& message) {
    if (auto value = decode(message)) {
      into.push_back(std::move(*value));
    }
  };
}

// Keeps the payload of what decodes to `wanted`.
template <class T>
Channel::OnReply collect_payloads(std::vector<std::vector<std::uint8_t>>& into, const T& wanted,
                                  std::function<std::optional<T>(const Message&)> decode) {
  return [&into, &wanted, decode = std::move(decode)](const Message& message) {
    if (decode(message) == wanted) {
      into.emplace_back(message.payload.begin(), message.payload.end());
    }
  };
}

std::string text(const Address& address) {
  return fmt::format("address {} of {}", address.prefix.to_text(), address.device);
}

std::string text(const Route& route) {
  return "route " + route.destination.to_text();
}

std::string text(const Rule& rule) {
  return fmt::format("IPv{} rule {}", rule.family == net::Family::V4 ? 4 : 6, rule.priority);
}

Error no_wireguard(const Error& error) {
  return Error{.kind = ErrorKind::Unsupported,
               .os = 0,
               .message =
                   "this kernel has no WireGuard; load it with `modprobe wireguard`, and if "
                   "there is no such module install a kernel that has it (Linux 5.6 or "
                   "newer; on Debian the package linux-image-amd64 or linux-image-arm64)",
               .context = {error.message}};
}

}  // namespace

Result<RouteSocket> RouteSocket::create(Ownership ownership) {
  auto channel = CW_TRY_IN(Channel::open(NETLINK_ROUTE), "opening rtnetlink");
  return RouteSocket(std::move(ownership), std::move(channel));
}

Result<> RouteSocket::must_be_ours(const std::string& device) const {
  if (!is_ours(device, ownership_)) {
    return Error::make(
        ErrorKind::Bug,
        fmt::format("device {} is not ours to touch: its name does not begin with {}", device,
                    ownership_.device_prefix));
  }
  return {};
}

Result<std::vector<Link>> RouteSocket::links() {
  return retry_interrupted([this]() -> Result<std::vector<Link>> {
    MessageWriter request(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
    request.header(ifinfomsg{});
    request.number(IFLA_EXT_MASK, std::uint32_t{RTEXT_FILTER_SKIP_STATS});
    auto bytes = request.take();
    std::vector<Link> links;
    CW_TRY(channel_.exchange(bytes, "cannot list the devices", collect<Link>(links, decode_link)));
    std::ranges::sort(links, {}, &Link::name);
    return links;
  });
}

Result<> RouteSocket::dump_addresses(const OnMessage& on_message) {
  MessageWriter request(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
  request.header(ifaddrmsg{});
  auto bytes = request.take();
  return channel_.exchange(bytes, "cannot list the addresses", on_message);
}

Result<> RouteSocket::dump_routes(net::Family family, const OnMessage& on_message) {
  rtmsg header{};
  header.rtm_family = kernel_family(family);
  header.rtm_protocol = ownership_.protocol;
  MessageWriter request(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
  request.header(header);
  request.number(RTA_TABLE, ownership_.table);
  auto bytes = request.take();
  // ENOENT: the table does not exist before its first route.
  return unless(channel_.exchange(bytes, "cannot list the routes", on_message), {ENOENT});
}

Result<> RouteSocket::dump_all_routes(net::Family family, const OnMessage& on_message) {
  rtmsg header{};
  header.rtm_family = kernel_family(family);
  MessageWriter request(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP);
  request.header(header);
  auto bytes = request.take();
  return channel_.exchange(bytes, "cannot list the host's routes", on_message);
}

Result<> RouteSocket::dump_rules(net::Family family, const OnMessage& on_message) {
  fib_rule_hdr header{};
  header.family = kernel_family(family);
  MessageWriter request(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP);
  request.header(header);
  auto bytes = request.take();
  // EAFNOSUPPORT: no policy routing for that family, so no rules.
  return unless(channel_.exchange(bytes, "cannot list the rules", on_message), {EAFNOSUPPORT});
}

Result<std::vector<Address>> RouteSocket::addresses() {
  return retry_interrupted([this]() -> Result<std::vector<Address>> {
    std::vector<Address> addresses;
    CW_TRY(dump_addresses(
        collect<Address>(addresses, [this, names = device_names()](const Message& message) {
          return decode_address(message, ownership_, names);
        })));
    return sorted(std::move(addresses));
  });
}

Result<std::vector<Route>> RouteSocket::routes() {
  return retry_interrupted([this]() -> Result<std::vector<Route>> {
    std::vector<Route> routes;
    const auto take =
        collect<Route>(routes, [this, names = device_names()](const Message& message) {
          return decode_route(message, ownership_, names);
        });
    for (const auto family : kFamilies) {
      CW_TRY(dump_routes(family, take));
    }
    return sorted(std::move(routes));
  });
}

Result<std::vector<HostPrefix>> RouteSocket::overlapping(const std::vector<net::Prefix>& prefixes) {
  return retry_interrupted([&]() -> Result<std::vector<HostPrefix>> {
    std::vector<HostPrefix> found;
    const auto keep = [&](std::optional<HostPrefix> candidate) {
      if (candidate && std::ranges::any_of(prefixes, [&](const net::Prefix& prefix) {
            return prefix.overlaps(candidate->prefix);
          })) {
        found.push_back(std::move(*candidate));
      }
    };
    auto names = device_names();
    CW_TRY(dump_addresses(
        [&](const Message& message) { keep(decode_host_address(message, ownership_, names)); }));
    for (const auto family : kFamilies) {
      CW_TRY(dump_all_routes(family, [&](const Message& message) {
        keep(decode_host_route(message, ownership_, names));
      }));
    }
    return sorted(std::move(found));
  });
}

Result<std::vector<Rule>> RouteSocket::rules() {
  return retry_interrupted([this]() -> Result<std::vector<Rule>> {
    std::vector<Rule> rules;
    const auto take = collect<Rule>(
        rules, [this](const Message& message) { return decode_rule(message, ownership_); });
    for (const auto family : kFamilies) {
      CW_TRY(dump_rules(family, take));
    }
    return sorted(std::move(rules));
  });
}

Result<> RouteSocket::create_wireguard(const std::string& device, std::uint32_t mtu) {
  CW_TRY(must_be_ours(device));
  auto request = CW_TRY(new_wireguard(device, mtu));
  auto result = channel_.exchange(request, fmt::format("cannot create device {}", device));
  if (!result && result.error().os == EOPNOTSUPP) {
    return no_wireguard(result.error());
  }
  if (!result && result.error().os == EEXIST) {
    return adopt_wireguard(device, mtu);
  }
  return result;
}

Result<> RouteSocket::adopt_wireguard(const std::string& device, std::uint32_t mtu) {
  const auto all = CW_TRY(links());
  const auto link = std::ranges::find(all, device, &Link::name);
  if (link != all.end() && link->kind != kWireGuardKind) {
    return Error::make(
        ErrorKind::Exists,
        fmt::format("cannot create device {0}: there is one of that name that is no WireGuard "
                    "device{1}; remove it with `ip link delete {0}`, or give the gateway another "
                    "name",
                    device, link->kind.empty() ? "" : " (it is a " + link->kind + ")"));
  }
  return set_mtu(device, mtu);
}

Result<> RouteSocket::remove_link(const std::string& device) {
  CW_TRY(must_be_ours(device));
  auto request = CW_TRY(delete_link(device));
  return unless(channel_.exchange(request, fmt::format("cannot remove device {}", device)),
                {ENODEV});
}

Result<> RouteSocket::set_mtu(const std::string& device, std::uint32_t mtu) {
  CW_TRY(must_be_ours(device));
  const int index = CW_TRY(index_of(device));
  auto request = CW_TRY(change_mtu(index, mtu));
  return channel_.exchange(request, fmt::format("cannot set the MTU of {} to {}", device, mtu));
}

Result<> RouteSocket::set_up(const std::string& device) {
  CW_TRY(must_be_ours(device));
  const int index = CW_TRY(index_of(device));
  auto request = CW_TRY(change_to_up(index));
  return channel_.exchange(request, fmt::format("cannot set {} up", device));
}

Result<> RouteSocket::add_address(const Address& address) {
  CW_TRY(must_be_ours(address.device));
  const int index = CW_TRY(index_of(address.device));
  auto request = CW_TRY(new_address(address, index));
  return unless(channel_.exchange(request, "cannot add " + text(address)), {EEXIST});
}

Result<> RouteSocket::add_route(const Route& route) {
  const bool unicast = route.type == RouteType::Unicast;
  const int index = unicast ? CW_TRY(index_of(route.device)) : 0;
  auto request = CW_TRY(new_route(route, index, ownership_));
  return channel_.exchange(request, "cannot add " + text(route));
}

Result<> RouteSocket::add_rule(const Rule& rule) {
  auto request = CW_TRY(new_rule(rule, ownership_));
  return unless(channel_.exchange(request, "cannot add " + text(rule)), {EEXIST});
}

Result<> RouteSocket::remove_address(const Address& address) {
  std::vector<std::vector<std::uint8_t>> found;
  CW_TRY(retry_interrupted([&] {
    found.clear();
    return dump_addresses(collect_payloads<Address>(
        found, address, [this, names = device_names()](const Message& message) {
          return decode_address(message, ownership_, names);
        }));
  }));
  return remove_all(found, RTM_DELADDR, "cannot remove " + text(address));
}

Result<> RouteSocket::remove_route(const Route& route) {
  std::vector<std::vector<std::uint8_t>> found;
  CW_TRY(retry_interrupted([&] {
    found.clear();
    return dump_routes(route.destination.family(),
                       collect_payloads<Route>(
                           found, route, [this, names = device_names()](const Message& message) {
                             return decode_route(message, ownership_, names);
                           }));
  }));
  return remove_all(found, RTM_DELROUTE, "cannot remove " + text(route));
}

Result<> RouteSocket::remove_rule(const Rule& rule) {
  std::vector<std::vector<std::uint8_t>> found;
  CW_TRY(retry_interrupted([&] {
    found.clear();
    return dump_rules(rule.family,
                      collect_payloads<Rule>(found, rule, [this](const Message& message) {
                        return decode_rule(message, ownership_);
                      }));
  }));
  return remove_all(found, RTM_DELRULE, "cannot remove " + text(rule));
}

Result<> RouteSocket::remove_all(const std::vector<std::vector<std::uint8_t>>& payloads,
                                 std::uint16_t type, const std::string& what) {
  for (const auto& payload : payloads) {
    MessageWriter request(type, NLM_F_REQUEST | NLM_F_ACK);
    request.raw(payload);
    auto bytes = request.take();
    CW_TRY(unless(channel_.exchange(bytes, what), {ENOENT, ESRCH, ENODEV, EADDRNOTAVAIL}));
  }
  return {};
}

}  // namespace cw::netlink
