// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include <sys/prctl.h>

#include <fmt/format.h>
#include <unistd.h>

#include "base/core_dump.h"
#include "firewall/nft/nft_socket.h"
#include "netlink/socket/conntrack.h"
#include "netlink/socket/monitor.h"
#include "netlink/socket/route.h"
#include "netlink/socket/sysctl.h"
#include "netlink/socket/wireguard.h"
#include "router/agent/agent.h"
#include "router/agent/http_server.h"
#include "router/agent/netlink_watch.h"
#include "router/agent/service.h"
#include "router/agent/startup.h"
#include "router/api/json.h"
#include "router/model/ownership.h"
#include "via6/tc/translator.h"

namespace {

using namespace cw;
using namespace cw::agent;

// Everything below is made in this order and goes in the reverse of it.
struct Kernel {
  netlink::RouteSocket routes;
  netlink::WireGuardSocket wireguard;
  netlink::ProcSysctls sysctls;
  firewall::NftSocket firewall;
  netlink::ConntrackSocket conntrack;
  via6::Tc translators;
  NetlinkWatch watch;
};

Result<Kernel> open_kernel(const network::RouterConfig& config, const RuntimeFolder& folder) {
  auto routes = CW_TRY(netlink::RouteSocket::create(router::ownership()));
  auto wireguard = CW_TRY(netlink::WireGuardSocket::create());
  auto nft = CW_TRY(firewall::NftSocket::create());
  auto conntrack = CW_TRY(netlink::ConntrackSocket::create());
  auto translators = CW_TRY(via6::Tc::open(folder.counters_folder()));
  netlink::Interest interest{
      .ownership = router::ownership(), .nft_table = firewall::kTable, .site_devices = {}};
  if (config.lan_interface) {
    interest.site_devices.push_back(*config.lan_interface);
  }
  auto monitor =
      CW_TRY(netlink::Monitor::create(std::move(interest), {routes.port(), translators.port()},
                                      static_cast<std::uint32_t>(::getpid())));
  return Kernel{.routes = std::move(routes),
                .wireguard = std::move(wireguard),
                .sysctls = {},
                .firewall = std::move(nft),
                .conntrack = std::move(conntrack),
                .translators = std::move(translators),
                .watch = NetlinkWatch(std::move(monitor))};
}

Result<std::unique_ptr<HttpServer>> serve_control(const Loop& loop, const RuntimeFolder& folder,
                                                  Requests& requests) {
  auto listening = CW_TRY(folder.listen());
  return HttpServer::create(loop, std::move(listening), "control socket",
                            {.body = api::kLargestBody},
                            [&requests, group = control_group()](
                                const Request& request, const HttpServer::Respond& respond) {
                              answer(request, group, requests, respond);
                            });
}

Setup setup_from(const Options& options, const network::RouterConfig& config, const Keys& keys) {
  Setup setup;
  setup.network = config.network.text;
  if (const auto& source = config.signed_source) {
    setup.signed_network = SignedSetup{
        .where = config.network,
        .trust = {.keys = source->trusted, .network_id = source->network_id},
        .tls = {.ca_file = source->ca_file},
        .interval = source->interval,
        .max_age = source->max_age,
        .siblings = config.failover ? std::optional(options.failover_folder) : std::nullopt};
  }
  if (config.failover) {
    setup.failover_folder = options.failover_folder;
  }
  setup.host.router = config.name;
  setup.host.site = config.site;
  setup.host.keys = keys.by_gateway;
  setup.host.failover = config.failover.has_value();
  setup.host.alternate_ports = config.alternate_ports;
  setup.lan_interface = config.lan_interface;
  setup.flowtable = config.flowtable;
  setup.metrics_listen = config.metrics_listen;
  setup.config_path = options.config;
  return setup;
}

// From a claimed folder to the end of the loop.
Result<int> serve(const Options& options, const network::RouterConfig& config, const Keys& keys,
                  const RuntimeFolder& folder, Journal& journal) {
  auto loop = CW_TRY(Loop::create());
  const auto stop = [&loop] { loop.stop(0); };
  const auto terminate = CW_TRY(SignalSource::create(loop, SIGTERM, stop));
  const auto interrupt = CW_TRY(SignalSource::create(loop, SIGINT, stop));
  auto kernel = CW_TRY(open_kernel(config, folder));
  const SystemClock clock;
  const KeptNetwork kept(options.state_folder);
  const KeptBundles kept_bundles(options.state_folder);
  const auto agent =
      CW_TRY(Agent::create(setup_from(options, config, keys),
                           {.loop = loop,
                            .clock = clock,
                            .journal = journal,
                            .sinks = {kernel.routes, kernel.wireguard, kernel.sysctls,
                                      kernel.firewall, kernel.conntrack, kernel.translators},
                            .keys = keys.ring,
                            .folder = folder,
                            .kept = kept,
                            .kept_bundles = kept_bundles,
                            .watch = kernel.watch}));
  const auto reload =
      CW_TRY(SignalSource::create(loop, SIGHUP, [&] { agent->reload([](const api::Answer&) {}); }));
  const auto control = CW_TRY(serve_control(loop, folder, *agent));
  CW_TRY(loop.answer_watchdog());
  journal.write(Level::Notice, Event::Started,
                fmt::format("causewayd " CW_VERSION ": router '{}' at site '{}', network {}",
                            config.name, config.site, config.network.text));
  agent->start();
  auto ended = loop.run();
  notify_stopping("stopping; the data path stays");
  agent->finish();
  folder.remove_socket();
  return ended;
}

Started<int> run(const Options& options, Journal& journal) {
  const auto config = read_config(options.config);
  if (!config) {
    return tl::unexpected(config.error());
  }
  const auto keys = read_keys(*config);
  if (!keys) {
    return tl::unexpected(keys.error());
  }
  if (const auto able = check_capabilities(); !able) {
    return tl::unexpected(able.error());
  }
  const auto folder = claim_runtime_folder(options);
  if (!folder) {
    return tl::unexpected(folder.error());
  }
  auto status = serve(options, *config, *keys, *folder, journal);
  if (!status) {
    return tl::unexpected(failure_of(status.error()));
  }
  journal.write(Level::Notice, Event::Stopping, "stopped; the data path stays as it is");
  return *status;
}

}  // namespace

int main(int argc, char** argv) {
  forbid_core_dumps();
  // What a convergence leaves free is given back a page at a time, and transparent huge pages would
  // fill the holes again: a third more than is in use. A kernel without them refuses, and has none.
  (void)::prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  const auto options = parse_options(argc, argv);
  if (!options && options.error()) {
    const bool version = *options.error() == Say::Version;
    std::fputs(version ? "causewayd " CW_VERSION "\n" : help_text().data(), stdout);
    return 0;
  }
  const auto journal = open_journal("causewayd");
  const auto ended =
      options ? run(*options, *journal) : Started<int>(tl::unexpected(options.error().error()));
  if (!ended) {
    journal->write(Level::Error, Event::Trouble, ended.error().message);
    return ended.error().exit_status;
  }
  return *ended;
}
