// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/kernel.h"

#include <algorithm>
#include <optional>

#include <sys/wait.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "tests/support/networks.h"

namespace cw::bench {

namespace {

using std::chrono::steady_clock;

class SilentJournal final : public agent::Journal {
 public:
  void write(agent::Level /*level*/, agent::Event /*event*/, std::string_view /*message*/,
             const std::vector<agent::Field>& /*fields*/) override {}
};

// Nobody else changes anything here.
class NoWatch final : public agent::KernelWatch {
 public:
  [[nodiscard]] std::vector<int> descriptors() const override { return {}; }

  agent::Disturbance drain() override { return {}; }
};

// What is due until then.
void turn(const agent::Loop& loop, steady_clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
        std::max(steady_clock::duration::zero(), until - steady_clock::now()));
    const int served = sd_event_run(loop.get(), static_cast<std::uint64_t>(left.count()));
    if (served < 0) {
      fail("the event loop");
    }
    if (served == 0 && steady_clock::now() >= until) {
      return;
    }
  }
}

agent::Setup setup(const std::filesystem::path& folder) {
  agent::Setup made;
  made.network = (folder / "network").string();
  made.host = host();
  made.config_path = (folder / "router.toml").string();
  return made;
}

}  // namespace

void run(const std::vector<std::string>& command, const char* output) {
  std::vector<char*> arguments;
  for (const auto& word : command) {
    arguments.push_back(const_cast<char*>(word.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t child = 0;
  int status = 0;
  if (posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0) {
    fail("cannot run " + command[0] + " " + command[1]);
  }
  posix_spawn_file_actions_destroy(&actions);
}

router::Host host() {
  router::Host host{.router = "r1", .site = "prod"};
  host.keys.emplace("prod", test::public_key(1));
  host.alternate_ports = {443, 4500};
  return host;
}

struct AgentHere::Parts {
  Parts(const std::filesystem::path& folder, Kernel& kernel, agent::RuntimeFolder& runtime,
        const router::KeyRing& keys)
      : loop(must(agent::Loop::create())),
        kept((folder / "state").string()),
        kept_bundles((folder / "state").string()),
        agent(must(agent::Agent::create(setup(folder), {.loop = loop,
                                                        .clock = clock,
                                                        .journal = journal,
                                                        .sinks = kernel.sinks(),
                                                        .keys = keys,
                                                        .folder = runtime,
                                                        .kept = kept,
                                                        .kept_bundles = kept_bundles,
                                                        .watch = watch}))) {}

  SystemClock clock;
  SilentJournal journal;
  NoWatch watch;
  agent::Loop loop;
  agent::KeptNetwork kept;
  agent::KeptBundles kept_bundles;
  std::unique_ptr<agent::Agent> agent;
};

AgentHere::AgentHere(const std::filesystem::path& folder, Kernel& kernel,
                     agent::RuntimeFolder& runtime, const router::KeyRing& keys)
    : kernel_(kernel), parts_(std::make_unique<Parts>(folder, kernel, runtime, keys)) {
  parts_->agent->start();
}

AgentHere::~AgentHere() = default;

double AgentHere::reload_after(const std::function<void()>& change) {
  // What a change puts off (keeping the network, tidying) is no part of the next one.
  turn(parts_->loop, steady_clock::now() + 2 * agent::kTidy);
  kernel_.writes.begin();
  const auto start = steady_clock::now();
  change();
  turn(parts_->loop, steady_clock::now());
  std::optional<api::Answer> answer;
  parts_->agent->reload([&](api::Answer made) { answer = std::move(made); });
  if (!answer || !answer->done) {
    fail(answer ? fmt::format("the reload is not done: {} {}", answer->text, answer->diagnostics)
                : "the reload has not answered yet");
  }
  return kernel_.writes.since(start);
}

}  // namespace cw::bench
