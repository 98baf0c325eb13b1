// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace cw::policy {

namespace {

constexpr std::array<std::pair<std::string_view, Protocol>, 4> kProtocols = {{
    {"any", Protocol::Any},
    {"tcp", Protocol::Tcp},
    {"udp", Protocol::Udp},
    {"icmp", Protocol::Icmp},
}};

bool has_ports(Protocol protocol) {
  return protocol == Protocol::Tcp || protocol == Protocol::Udp;
}

Error no_service(std::string_view text) {
  return Error::invalid(fmt::format(
      "'{}' is no service; they are tcp/5432, tcp/8000-8100, udp/53, tcp, udp, icmp and any",
      text));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool plain = !text.empty() && text.front() != '0';
  return plain && error == std::errc() && end == text.data() + text.size() ? std::optional(port)
                                                                           : std::nullopt;
}

}  // namespace

Result<Service> Service::parse(std::string_view text) {
  const auto slash = text.find('/');
  Service service;
  bool known = false;
  for (const auto& [name, protocol] : kProtocols) {
    if (name == text.substr(0, slash)) {
      service.protocol = protocol;
      known = true;
    }
  }
  if (!known) {
    return no_service(text);
  }
  if (slash == std::string_view::npos) {
    return service;
  }
  if (!has_ports(service.protocol)) {
    return Error::invalid(fmt::format("{} has no ports", text.substr(0, slash)));
  }
  const auto ports = text.substr(slash + 1);
  const auto dash = ports.find('-');
  const auto first = parse_port(ports.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(ports.substr(dash + 1));
  if (!first || !last) {
    return Error::invalid(
        fmt::format("'{}' is no port; they are 1 to 65535, or a range like 8000-8100", ports));
  }
  if (*first > *last) {
    return Error::invalid(fmt::format("the range {} ends before it begins", ports));
  }
  service.first = *first;
  service.last = *last;
  return service;
}

std::string Service::to_text() const {
  std::string_view name;
  for (const auto& [text, each] : kProtocols) {
    name = each == protocol ? text : name;
  }
  if (*this == Service{.protocol = protocol}) {
    return std::string(name);
  }
  return first == last ? fmt::format("{}/{}", name, first)
                       : fmt::format("{}/{}-{}", name, first, last);
}

bool Service::contains(const Service& other) const {
  return protocol == Protocol::Any ||
         (protocol == other.protocol && first <= other.first && other.last <= last);
}

std::string_view to_text(SelectorKind kind) {
  switch (kind) {
    case SelectorKind::Any:
      return "any";
    case SelectorKind::Peer:
      return "peer";
    case SelectorKind::User:
      return "user";
    case SelectorKind::Group:
      return "group";
    case SelectorKind::Site:
      return "site";
    case SelectorKind::Host:
      return "host";
    case SelectorKind::Prefix:
      break;
  }
  return "prefix";
}

bool is_of_peers(SelectorKind kind) {
  return kind == SelectorKind::Peer || kind == SelectorKind::User || kind == SelectorKind::Group;
}

std::optional<Selector> Selector::with_kind(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) {
    return std::nullopt;
  }
  for (const auto kind :
       {SelectorKind::Peer, SelectorKind::User, SelectorKind::Group, SelectorKind::Site}) {
    if (text.substr(0, colon) == policy::to_text(kind)) {
      return Selector{.kind = kind, .name = std::string(text.substr(colon + 1)), .prefix = {}};
    }
  }
  return std::nullopt;
}

std::string Selector::to_text() const {
  switch (kind) {
    case SelectorKind::Any:
      return "any";
    case SelectorKind::Host:
      return name;
    case SelectorKind::Prefix:
      return prefix.is_host() ? prefix.address().to_text() : prefix.to_text();
    default:
      return fmt::format("{}:{}", policy::to_text(kind), name);
  }
}

Result<TargetText> parse_target(std::string_view text) {
  const auto refused = [&] {
    return Error::invalid(fmt::format(
        "'{}' is no target; write it as db:5432/tcp, 10.0.1.5:53/udp or db:icmp", text));
  };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || text.ends_with(']')) {
    return refused();
  }
  auto to = text.substr(0, colon);
  const auto what = text.substr(colon + 1);
  if (to.starts_with('[') && to.ends_with(']')) {
    to = to.substr(1, to.size() - 2);
  }
  // 5432, 5432/tcp, or as a rule writes it.
  const auto slash = what.find('/');
  const auto port = parse_port(what.substr(0, slash));
  auto service =
      port ? Service::parse(fmt::format(
                 "{}/{}", slash == std::string_view::npos ? "tcp" : what.substr(slash + 1), *port))
           : Service::parse(what);
  if (!service) {
    return refused();
  }
  if (service->protocol == Protocol::Any ||
      (has_ports(service->protocol) && service->first != service->last)) {
    return Error::invalid(fmt::format("'{}' is more than one service; name one port", text));
  }
  return TargetText{.to = std::string(to), .service = *service};
}

std::string TargetText::to_text() const {
  return fmt::format("{}:{}", to, service.to_text());
}

std::string Target::to_text() const {
  return TargetText{.to = to.to_text(), .service = service}.to_text();
}

}  // namespace cw::policy
