// SPDX-License-Identifier: Apache-2.0
#include "cli/ha_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/status_view.h"

namespace cw::cli {

namespace {

Cell cell(std::string text, Paint paint = Paint::Plain) {
  return {.text = std::move(text), .paint = paint};
}

std::string netmap(const api::FailoverStatus& status, Colour colour) {
  if (status.serial >= status.newest_serial) {
    return {};
  }
  auto text = fmt::format(
      "{}: it has serial {}, and there is {}; it takes over no gateway that was "
      "served with that, while it can be had\n",
      painted("the netmap is behind", Paint::Yellow, colour), status.serial, status.newest_serial);
  if (const auto& coming = status.coming; coming && coming->size > 0) {
    constexpr std::uint64_t kPercent = 100;
    text += fmt::format("serial {} is coming from router {}: {} %\n", coming->serial, coming->from,
                        coming->arrived * kPercent / coming->size);
  }
  return text;
}

Cell serial(std::uint64_t serial, bool behind) {
  return behind ? cell(fmt::format("{} (behind)", serial), Paint::Yellow)
                : cell(std::to_string(serial));
}

std::string head(const api::FailoverStatus& status, Colour colour) {
  auto text = fmt::format("router {}: sharing {}", painted(status.router, Paint::Bold, colour),
                          plural(status.gateways.size(), "gateway"));
  if (status.leaving) {
    text += ", " + painted("handing over, then it ends", Paint::Yellow, colour);
  } else if (status.draining) {
    text += ", " + painted("drained", Paint::Yellow, colour) +
            ": takes nothing (`causeway ha serve` ends that)";
  }
  text += fmt::format("\nfailover {}, process {}, up {}\n", status.version, status.pid,
                      age((status.now - status.started).count()));
  if (status.refused_datagrams > 0) {
    text +=
        fmt::format("refused {}: strangers', of another key, or about gateways it does not share\n",
                    plural(status.refused_datagrams, "datagram"));
  }
  text += netmap(status, colour);
  if (!status.synchronised) {
    text += painted("the clock is not synchronised", Paint::Yellow, colour) +
            ": it takes over only where no other router can (is chrony or systemd-timesyncd "
            "running?)\n";
  }
  return text;
}

std::string ago(const std::optional<std::int64_t>& ms) {
  constexpr std::int64_t kSecond = 1000;
  if (!ms) {
    return "never";
  }
  return *ms < 10 * kSecond ? fmt::format("{} ms ago", *ms) : age(*ms / kSecond) + " ago";
}

Paint paint_of(const std::string& fitness) {
  return fitness == "fit" || fitness.empty() ? Paint::Plain
         : fitness == "poor"                 ? Paint::Yellow
                                             : Paint::Red;
}

std::string targets(const api::FailoverStatus& status, Colour colour) {
  if (status.targets.empty()) {
    return {};
  }
  const std::vector<Column> columns{{.title = "TARGET"}, {.title = "FROM HERE"}, {.title = "FOR"}};
  std::vector<std::vector<Cell>> rows;
  constexpr std::int64_t kSecond = 1000;
  for (const auto& each : status.targets) {
    const auto state = !each.tried    ? cell("not tried yet")
                       : each.reached ? cell("reached")
                                      : cell("out of reach: " + each.trouble, Paint::Yellow);
    rows.push_back(
        {cell(each.target), state, cell(each.for_ms ? age(*each.for_ms / kSecond) : "-")});
  }
  return "\n" + table(columns, rows, colour);
}

// What a sibling says that it does not reach.
std::string missed(const api::SharedGateway& gateway, Colour colour) {
  std::string text;
  for (const auto& sibling : gateway.siblings) {
    if (!sibling.out_of_reach.empty()) {
      text += painted(fmt::format("router {} does not reach {}\n", sibling.router,
                                  fmt::join(sibling.out_of_reach, ", ")),
                      Paint::Yellow, colour);
    }
  }
  return text;
}

std::string routers(const api::SharedGateway& gateway, const api::FailoverStatus& status,
                    Colour colour) {
  const std::vector<Column> columns{{.title = "ROUTER"},
                                    {.title = "ROLE"},
                                    {.title = "FITNESS"},
                                    {.title = "EPOCH", .align = Align::Right},
                                    {.title = "NETMAP", .align = Align::Right},
                                    {.title = "HEARD"}};
  std::vector<std::vector<Cell>> rows;
  const bool owns = gateway.role == "active";
  rows.push_back({cell(status.router), cell(gateway.role, owns ? Paint::Green : Paint::Plain),
                  cell(gateway.fitness, paint_of(gateway.fitness)), cell(gateway.epoch),
                  serial(status.serial, status.serial < status.newest_serial),
                  cell("this router")});
  for (const auto& sibling : gateway.siblings) {
    rows.push_back(
        {cell(sibling.router),
         cell(sibling.role.empty() ? "-" : sibling.role,
              sibling.role == "active" && sibling.heard ? Paint::Green : Paint::Plain),
         cell(sibling.fitness.empty() ? "-" : sibling.fitness, paint_of(sibling.fitness)),
         cell(sibling.epoch.empty() ? "-" : sibling.epoch), serial(sibling.serial, sibling.behind),
         cell(ago(sibling.heard_ms), sibling.heard ? Paint::Plain : Paint::Red)});
  }
  return table(columns, rows, colour);
}

std::string takeovers(const api::SharedGateway& gateway, WallTime now, Colour colour) {
  if (gateway.takeovers.empty()) {
    return {};
  }
  const std::vector<Column> columns{{.title = "OWNER"},
                                    {.title = "EPOCH", .align = Align::Right},
                                    {.title = "SINCE"},
                                    {.title = "WHY"},
                                    {.title = "TOOK", .align = Align::Right}};
  std::vector<std::vector<Cell>> rows;
  for (const auto& each : gateway.takeovers) {
    rows.push_back({cell(each.owner), cell(each.epoch),
                    cell(age((now - each.when).count()) + " ago"), cell(each.why),
                    cell(each.took_ms ? fmt::format("{} ms", *each.took_ms) : "-")});
  }
  return "\n" + table(columns, rows, colour);
}

std::string connections(const api::SharedGateway& gateway) {
  if (!gateway.connections) {
    return "its connections are not known\n";
  }
  const auto count = plural(static_cast<std::uint64_t>(*gateway.connections), "connection");
  const bool owns = gateway.role == "active" || gateway.role == "drain";
  const auto where = owns                           ? " told to its siblings"
                     : gateway.connections_complete ? " of its owner's are here"
                                                    : " here, and not all of its owner's yet";
  return count + where +
         (gateway.connections_go_on ? "\n" : "; reset at a takeover: its egress is masquerade\n");
}

std::string gateway_view(const api::SharedGateway& gateway, const api::FailoverStatus& status,
                         Colour colour) {
  auto text =
      fmt::format("\ngateway {}: {}, {} ({}), for {}\n", painted(gateway.name, Paint::Bold, colour),
                  gateway.owner.empty() ? "nobody owns it" : "owner " + gateway.owner, gateway.role,
                  gateway.why, age((status.now - gateway.since).count()));
  text += fmt::format("gate {}, address {}, successor {}; {} known, told {}\n",
                      gateway.gate_open ? "open" : "closed", gateway.address,
                      gateway.successor.empty() ? "none" : gateway.successor,
                      plural(gateway.peers_known, "peer"), ago(gateway.replicated_ms));
  text += connections(gateway) + "\n";
  return text + routers(gateway, status, colour) + missed(gateway, colour) +
         takeovers(gateway, status.now, colour);
}

}  // namespace

std::string view(const api::FailoverStatus& status, Colour colour) {
  auto text = head(status, colour);
  if (!status.problems.empty()) {
    text += "\n" + view(status.problems, colour);
  }
  text += targets(status, colour);
  for (const auto& gateway : status.gateways) {
    text += gateway_view(gateway, status, colour);
  }
  return text;
}

}  // namespace cw::cli
