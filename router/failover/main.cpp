// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <random>

#include <fmt/format.h>

#include "base/core_dump.h"
#include "network/load/key_file.h"
#include "router/agent/access.h"
#include "router/agent/http_server.h"
#include "router/agent/runtime_folder.h"
#include "router/agent/service.h"
#include "router/agent/startup.h"
#include "router/failover/control.h"
#include "router/failover/options.h"
#include "router/failover/process.h"

namespace {

using namespace cw;
using namespace cw::failover;
using agent::Event;
using agent::Failure;
using agent::Journal;
using agent::Level;
using agent::Started;

// Random, and never 0, which means nobody.
std::uint64_t new_boot() {
  std::random_device random;
  return std::uniform_int_distribution<std::uint64_t>(1)(random);
}

std::map<std::string, Mail::Keys> mail_keys(const agent::Keys& keys) {
  std::map<std::string, Mail::Keys> derived;
  for (const auto& [gateway, half] : keys.by_gateway) {
    const auto& key = keys.ring.at(half);
    derived.emplace(gateway, Mail::Keys{.heartbeats = ha::wire::HeartbeatKey(key),
                                        .letters = ha::wire::LetterKey(key)});
  }
  return derived;
}

Result<net::Secret> etcd_password(const network::FailoverConfig& failover) {
  const auto& source = failover.etcd_password;
  return source ? network::read_password(*source, agent::credentials_folder())
                : Result<net::Secret>(net::Secret());
}

Result<int> serve(const Options& options, const network::RouterConfig& config,
                  const network::FailoverConfig& failover, agent::Keys keys, net::Secret password,
                  const agent::RuntimeFolder& folder, Journal& journal) {
  auto loop = CW_TRY(agent::Loop::create());
  const SystemClock clock;
  auto process =
      CW_TRY(Process::create({.config = config,
                              .failover = failover,
                              .halves = keys.by_gateway,
                              .assignment = options.agent_folder + "/" + api::kAssignmentFile,
                              .folder = folder.path(),
                              .loop = loop,
                              .clock = clock,
                              .journal = journal},
                             mail_keys(keys), std::move(password), new_boot()));
  keys.ring.clear();  // what is derived is enough
  const auto leave = [&] { process->leave(); };
  const auto terminate = CW_TRY(agent::SignalSource::create(loop, SIGTERM, leave));
  const auto interrupt = CW_TRY(agent::SignalSource::create(loop, SIGINT, leave));
  auto listening = CW_TRY(folder.listen());
  const auto control = CW_TRY(agent::HttpServer::create(
      loop, std::move(listening), "control socket", {.body = kLargestWish},
      [&process, group = agent::control_group()](const agent::Request& request,
                                                 const agent::HttpServer::Respond& respond) {
        answer(request, group, *process, respond);
      }));
  CW_TRY(process->serve_metrics());
  CW_TRY(loop.answer_watchdog());
  journal.write(Level::Notice, Event::Started,
                fmt::format("causeway-failover " CW_VERSION ": router '{}' at site '{}'",
                            config.name, config.site));
  agent::notify_ready("waiting for causewayd to say what is shared");
  process->start();
  auto ended = loop.run();
  folder.remove_socket();
  return ended;
}

Started<int> run(const Options& options, Journal& journal) {
  const auto config = agent::read_config(options.config);
  if (!config) {
    return tl::unexpected(config.error());
  }
  const auto failover = config->failover;
  if (!failover) {
    return tl::unexpected(
        Failure{.message = fmt::format("{} has no [failover]: this router shares nothing; see "
                                       "causeway-failover(8)",
                                       options.config),
                .exit_status = agent::kExitConfig});
  }
  auto keys = agent::read_keys(*config);
  if (!keys) {
    return tl::unexpected(keys.error());
  }
  auto password = etcd_password(*failover);
  if (!password) {
    return tl::unexpected(
        Failure{.message = "failover.etcd_password: " + password.error().to_text(),
                .exit_status = agent::kExitConfig});
  }
  if (const auto able = agent::check_capabilities(); !able) {
    return tl::unexpected(able.error());
  }
  const auto folder = agent::RuntimeFolder::claim(options.runtime_folder, "causeway-failover");
  if (!folder) {
    return tl::unexpected(agent::failure_of(folder.error()));
  }
  auto status =
      serve(options, *config, *failover, std::move(*keys), std::move(*password), *folder, journal);
  if (!status) {
    return tl::unexpected(agent::failure_of(status.error()));
  }
  journal.write(Level::Notice, Event::Stopping, "stopped; the data path stays as it is");
  return *status;
}

}  // namespace

int main(int argc, char** argv) {
  forbid_core_dumps();
  const auto options = failover::parse_options(argc, argv);
  if (!options && options.error()) {
    const bool version = *options.error() == agent::Say::Version;
    std::fputs(version ? "causeway-failover " CW_VERSION "\n" : failover::help_text().data(),
               stdout);
    return 0;
  }
  const auto journal = agent::open_journal("causeway-failover");
  const auto ended =
      options ? run(*options, *journal) : Started<int>(tl::unexpected(options.error().error()));
  if (!ended) {
    journal->write(Level::Error, Event::Trouble, ended.error().message);
    return ended.error().exit_status;
  }
  return *ended;
}
