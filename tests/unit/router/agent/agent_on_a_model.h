// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/eventfd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <systemd/sd-event.h>

#include "cli/agent_client.h"
#include "router/agent/agent.h"
#include "router/agent/http_server.h"
#include "router/api/json.h"
#include "tests/support/model_kernel.h"
#include "tests/support/networks.h"
#include "tests/unit/router/agent/temp_folder.h"

// The agent with its loop, its sources and its socket, on the model kernel: no root, no network.
namespace cw::agent {

// Far over what anything here takes; a test that needs it has failed.
inline constexpr std::chrono::seconds kPatience{20};

class FakeWatch final : public KernelWatch {
 public:
  FakeWatch() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  [[nodiscard]] std::vector<int> descriptors() const override { return {fd_.get()}; }

  Disturbance drain() override {
    ++drained;
    if (broken_) {  // and stays readable
      return {.any = true, .firewall = true, .what = {}, .broken = Error::invalid("no socket")};
    }
    eventfd_t count = 0;
    (void)::eventfd_read(fd_.get(), &count);
    return std::exchange(pending_, {});
  }

  void announce(Disturbance disturbance) {
    pending_ = std::move(disturbance);
    (void)::eventfd_write(fd_.get(), 1);
  }

  void break_down() {
    broken_ = true;
    (void)::eventfd_write(fd_.get(), 1);
  }

  void mend() { broken_ = false; }

  int drained = 0;

 private:
  UniqueFd fd_;
  Disturbance pending_;
  bool broken_ = false;
};

struct Entry {
  Event event;
  std::string message;
};

class RecordingJournal final : public Journal {
 public:
  void write(Level /*level*/, Event event, std::string_view message,
             const std::vector<agent::Field>& /*fields*/) override {
    entries.push_back({event, std::string(message)});
  }

  [[nodiscard]] std::size_t count(Event event) const {
    return static_cast<std::size_t>(
        std::ranges::count(entries, event, [](const Entry& entry) { return entry.event; }));
  }

  std::vector<Entry> entries;
};

class AgentOnAModel : public ::testing::Test {
 protected:
  AgentOnAModel() {
    temp_.write("network/network.toml",
                "name = \"acme\"\npool = \"100.100.0.0/16\"\nula = \"fd12:3456:789a::/48\"\n");
    temp_.write("network/sites/prod.toml",
                fmt::format("id = 1\nroutes = [\"10.0.0.0/16\"]\n[[router]]\nname = \"r1\"\n"
                            "[[gateway]]\nname = \"prod\"\npublic_key = \"{}\"\n"
                            "endpoint = \"vpn.example.com:51820\"\naddress = \"100.100.0.1\"\n"
                            "routers = [\"r1\"]\n",
                            test::public_key(1).to_text()));
    for (unsigned i = 0; i < 10; ++i) {
      add_peer(i);
    }
  }

  void add_peer(unsigned number) {
    temp_.write(fmt::format("network/peers/p{:04}.toml", number),
                fmt::format("public_key = \"{}\"\naddress = \"100.100.0.{}\"\nuser = \"u\"\n",
                            test::public_key(1000 + number).to_text(), 16 + number));
  }

  void remove_peer(unsigned number) {
    std::filesystem::remove(temp_ / fmt::format("network/peers/p{:04}.toml", number));
  }

  void start() {
    agent::Setup setup;
    setup.network = temp_ / "network";
    setup.signed_network = signed_;
    setup.host = test::snapshot(1, 0).host;
    setup.host.failover = failover_.has_value();
    setup.failover_folder = failover_;
    setup.config_path = temp_ / "router.toml";
    setup.metrics_listen = metrics_;
    setup.flowtable = flowtable_;
    setup.lan_interface = "eth0";
    auto agent = Agent::create(std::move(setup), {.loop = loop_,
                                                  .clock = clock_,
                                                  .journal = journal_,
                                                  .sinks = kernel_.sinks(),
                                                  .keys = keys_,
                                                  .folder = folder_,
                                                  .kept = kept_,
                                                  .kept_bundles = kept_bundles_,
                                                  .watch = watch_});
    ASSERT_TRUE(agent) << agent.error().to_text();
    agent_ = std::move(*agent);
    auto server =
        HttpServer::create(loop_, *folder_.listen(), "control", {.body = api::kLargestBody},
                           [this](const Request& request, const HttpServer::Respond& respond) {
                             answer(request, std::nullopt, *agent_, respond);
                           });
    ASSERT_TRUE(server) << server.error().to_text();
    server_ = std::move(*server);
    agent_->start();
  }

  void stop() {
    server_.reset();
    agent_->finish();
    agent_.reset();
  }

  void forget_what_was_kept() { std::filesystem::remove_all(temp_ / "state"); }

  template <class Done>
  bool run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) {
        return false;
      }
      EXPECT_GE(sd_event_run(loop_.get(), 20'000), 0);
    }
    return true;
  }

  // Asks from another thread, as another process would, while the loop turns.
  template <class Ask>
  auto ask(Ask ask) {
    auto answer = std::async(std::launch::async, ask);
    EXPECT_TRUE(run_until(
        [&] { return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }));
    return answer.get();
  }

  api::Status status() {
    const auto status = ask([this] { return client_.status(); });
    EXPECT_TRUE(status) << status.error().message;
    return status.value_or(api::Status{});
  }

  std::size_t peers() { return kernel_.wireguard("cw-prod").peers.size(); }

  TempFolder temp_;
  SystemClock clock_;
  test::ModelKernel kernel_;
  router::KeyRing keys_ = test::key_ring();
  RuntimeFolder folder_ = *RuntimeFolder::claim(temp_ / "run");
  KeptNetwork kept_{temp_ / "state"};
  KeptBundles kept_bundles_{temp_ / "state"};
  std::optional<SignedSetup> signed_;    // none: the directory
  std::optional<std::string> failover_;  // causeway-failover's folder; none: no [failover]
  FakeWatch watch_;
  RecordingJournal journal_;
  std::optional<net::SocketAddress> metrics_;
  bool flowtable_ = false;
  Loop loop_ = *Loop::create();
  cli::AgentClient client_{folder_.socket_path()};
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace cw::agent
