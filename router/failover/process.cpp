// SPDX-License-Identifier: Apache-2.0
#include "router/failover/process.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "router/agent/service.h"
#include "router/failover/clock_state.h"
#include "router/failover/report.h"
#include "router/model/ownership.h"

namespace cw::failover {

using agent::Event;
using agent::Level;

Process::Process(const World& world, std::map<std::string, Mail::Keys> keys,
                 net::Secret etcd_password, std::uint64_t boot)
    : world_(world),
      mail_(world.config.name, boot, std::move(keys)),
      books_(boot),
      etcd_password_(std::move(etcd_password)),
      started_(world.clock.wall()) {}

Result<std::unique_ptr<Process>> Process::create(const World& world,
                                                 std::map<std::string, Mail::Keys> keys,
                                                 net::Secret etcd_password, std::uint64_t boot) {
  std::unique_ptr<Process> process(
      new Process(world, std::move(keys), std::move(etcd_password), boot));
  CW_TRY(process->make_timers());
  CW_TRY(process->make_sockets());
  return process;
}

Result<> Process::make_timers() {
  auto& loop = world_.loop;
  step_ = CW_TRY(agent::Timer::create(loop, "step", [this] { take(ha::Tick{}); }));
  look_ = CW_TRY(agent::Timer::create(loop, "look at peers", [this] { look_at_peers(); }));
  tell_ = CW_TRY(agent::Timer::create(loop, "tell siblings", [this] { tell_siblings(); }));
  compare_ = CW_TRY(agent::Timer::create(loop, "compare", [this] { compare(); }));
  gates_due_ = CW_TRY(agent::Timer::create(loop, "handshakes", [this] {
    note("handshakes", gates_->on_time(now()));
    arm_gates();
  }));
  connections_due_ =
      CW_TRY(agent::Timer::create(loop, "connections", [this] { step_connections(); }));
  look_due_ =
      CW_TRY(agent::Timer::create(loop, "look at connections", [this] { look_at_connections(); }));
  resets_due_ = CW_TRY(agent::Timer::create(loop, "resets", [this] { step_resets(); }));
  netmaps_due_ = CW_TRY(agent::Timer::create(loop, "netmaps", [this] { step_netmaps(); }));
  revocations_due_ =
      CW_TRY(agent::Timer::create(loop, "revocations", [this] { step_revocations(); }));
  clock_ = CW_TRY(agent::Timer::create(loop, "clock", [this] {
    take(ha::ClockChecked{.synchronised = clock_is_synchronised()});
    clock_.arm_in(kLookAtClock);
  }));
  return {};
}

Result<> Process::make_sockets() {
  auto& loop = world_.loop;
  const auto port = world_.failover.port;
  mail_v4_ = std::make_unique<MailSocket>(CW_TRY(MailSocket::open(net::Family::V4, port)));
  readable_v4_ = CW_TRY(agent::ReadableSource::create(loop, mail_v4_->fd(), "heartbeats",
                                                      [this] { read_mail(*mail_v4_); }));
  // A kernel without IPv6 has no sibling to hear by it.
  if (auto v6 = MailSocket::open(net::Family::V6, port)) {
    mail_v6_ = std::make_unique<MailSocket>(std::move(*v6));
    readable_v6_ = CW_TRY(agent::ReadableSource::create(loop, mail_v6_->fd(), "heartbeats",
                                                        [this] { read_mail(*mail_v6_); }));
  }
  wireguard_ =
      std::make_unique<netlink::WireGuardSocket>(CW_TRY(netlink::WireGuardSocket::create()));
  gates_ = std::make_unique<ha::gate::GateSocket>(
      CW_TRY(ha::gate::GateSocket::create(router::gate_numbers(), {}, now())));
  fetch_loop_ = CW_TRY(agent::FetchLoop::create(loop));
  lan_loop_ = CW_TRY(LanLoop::create(loop, world_.clock));
  probes_ = CW_TRY(Probes::create(loop, [this](std::size_t target, std::string trouble) {
    tried(target, std::move(trouble));
  }));
  return {};
}

// The agent makes its folder at its first start; until then compare() looks for it.
void Process::watch_assignment() {
  const std::filesystem::path file(world_.assignment);
  auto watching = agent::PathSource::create(
      world_.loop, file.parent_path(), IN_MOVED_TO | IN_CLOSE_WRITE,
      [this, name = file.filename().string()](const inotify_event& event) {
        if (event.len > 0 && name == event.name) {
          read_assignment();
        }
      });
  if (watching) {
    assignment_ = std::move(*watching);
  }
}

void Process::start() {
  watch_assignment();
  read_assignment();
  compare_.arm_in(kCompare);
  clock_.arm_in(kLookAtClock);
}

void Process::leave() {
  if (std::exchange(leaving_, true) || !runner_) {
    tell_what_stays();
    world_.loop.stop(0);
    return;
  }
  agent::notify_stopping("handing over; the data path stays");
  take(ha::LeaveSite{});
}

void Process::take(ha::Event event) {
  if (!runner_) {
    return;
  }
  runner_->take(std::move(event));
  follow_netmaps();
  follow_revocations();
  story_.look(runner_->state(), world_.clock.wall());
  wishes_.look(runner_->state(), now());
}

api::FailoverStatus Process::status() {
  api::FailoverStatus status;
  if (runner_) {
    status = report(runner_->state(), books_, story_, now(), world_.clock.wall());
    add_connections(status);
    add_netmaps(status);
  }
  add_health(status);
  status.version = CW_VERSION;
  status.router = world_.config.name;
  status.pid = ::getpid();
  status.started = started_;
  status.now = world_.clock.wall();
  status.refused_datagrams = refused_datagrams_;
  for (const auto& [about, text] : troubles_) {
    status.problems.push_back({.severity = api::Severity::Error, .text = text});
  }
  return status;
}

void Process::move(const api::Move& wish, Done done) {
  if (!runner_ || runner_->find(wish.gateway) == nullptr) {
    done({.done = false,
          .text = fmt::format("this router shares no gateway `{}`", wish.gateway),
          .problems = {{.severity = api::Severity::Error,
                        .text = fmt::format("this router shares no gateway `{}`", wish.gateway),
                        .hint = "`causeway ha status` lists those it does"}}});
    return;
  }
  wishes_.add_move(wish, now(), std::move(done));
  take(ha::MoveGateway{.gateway = wish.gateway, .to = wish.to});
}

void Process::drain(bool on, Done done) {
  world_.journal.write(Level::Notice, Event::Wished,
                       on ? "drain: handing over everything, and taking nothing, as asked"
                          : "serve: taking part again, as asked");
  drained_ = on;
  if (on) {
    wishes_.add_drain(now(), std::move(done));
    take(ha::DrainRouter{.on = true});
    if (!runner_) {
      wishes_.look(ha::State{}, now());
    }
    return;
  }
  take(ha::DrainRouter{.on = false});
  done({.text = "serving: this router takes gateways again; none moves back by itself"});
}

void Process::compare() {
  if (!assignment_) {
    watch_assignment();
  }
  read_assignment();  // also what could not be followed, or was not announced
  check_devices();
  withdraw_again();
  note("gates", gates_->compare(now()));
  arm_gates();
  if (setup_ && replicated_.size() != setup_->replicated.size()) {
    configure_connections();
  }
  compare_.arm_in(kCompare);
}

void Process::arm_gates() {
  if (const auto due = gates_->wake()) {
    gates_due_.arm(*due);
  } else {
    gates_due_.disarm();
  }
}

void Process::note(std::string_view what, const Result<>& result) {
  note(what, result ? nullptr : &result.error());
}

void Process::note(std::string_view what, const Error* error) {
  const auto told = troubles_.find(what);
  if (error == nullptr) {
    if (told != troubles_.end()) {
      world_.journal.write(Level::Info, Event::Trouble, fmt::format("{}: it works again", what));
      troubles_.erase(told);
    }
    return;
  }
  auto text = fmt::format("{}: {}", what, error->to_text());
  if (told != troubles_.end() && told->second == text) {
    return;
  }
  world_.journal.write(Level::Warning, Event::Trouble, text);
  troubles_.insert_or_assign(std::string(what), std::move(text));
}

ha::peers::Wall Process::wall() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace cw::failover
