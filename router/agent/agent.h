// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "router/agent/backoff.h"
#include "router/agent/control.h"
#include "router/agent/failover_absence.h"
#include "router/agent/flowtable.h"
#include "router/agent/journal.h"
#include "router/agent/kept_bundles.h"
#include "router/agent/kept_network.h"
#include "router/agent/kernel_watch.h"
#include "router/agent/loop.h"
#include "router/agent/metrics_server.h"
#include "router/agent/network_source.h"
#include "router/agent/peer_events.h"
#include "router/agent/reconcile.h"
#include "router/agent/repair_pace.h"
#include "router/agent/report.h"
#include "router/agent/signed_source.h"

// The agent: introduces what decides, what acts and what announces to one another, and keeps the
// timers. Each timer below is named with what it is for; when nothing happens, only the audit
// wakes. Destroying it leaves the data path as it is.
namespace cw::agent {

// WireGuard announces nothing, so peers are looked at this often (and at each other event). The
// service manager's watchdog is answered on the same wake-up as long as WatchdogSec= is well over
// it.
inline constexpr std::chrono::seconds kAudit = kLooksAgain;

// While a gateway is being replaced: a peer that has moved to the new key hears nothing until that
// is seen, about as long as TCP waits before it sends a SYN again.
inline constexpr std::chrono::seconds kLookForMoves{1};

// After a round that failed: a device or port that is late comes soon, a missing module does not.
inline constexpr std::chrono::milliseconds kFirstRetry{500};
inline constexpr std::chrono::milliseconds kLongestRetry{30000};

// A netlink socket that only fails is left alone for this long, instead of asked at once again.
inline constexpr std::chrono::milliseconds kFirstListen{1000};

// A round, or a long answer, passes through copies of everything, whose room glibc would keep for
// ever. It is given back once nobody waits for it.
inline constexpr std::chrono::milliseconds kTidy{1000};

// A network that was taken is written down after this: whoever asked for it has his answer first.
inline constexpr std::chrono::milliseconds kKeepAfter{200};

// What router.toml and the command line say.
struct Setup {
  std::string network;                         // a network directory, where it is not signed
  std::optional<SignedSetup> signed_network;   // where it is
  std::optional<std::string> failover_folder;  // causeway-failover's, where it has to run
  router::Host host;                           // ra_devices and ipv6 are found out
  std::optional<std::string> lan_interface;
  bool flowtable = false;  // where the kernel has it
  std::optional<net::SocketAddress> metrics_listen;
  std::string config_path;
};

// What the agent works with; all of it outlives the agent.
struct World {
  Loop& loop;
  const Clock& clock;
  Journal& journal;
  router::Sinks sinks;
  const router::KeyRing& keys;
  const RuntimeFolder& folder;
  const KeptNetwork& kept;
  const KeptBundles& kept_bundles;
  KernelWatch& watch;
};

class Agent final : public Requests {
 public:
  static Result<std::unique_ptr<Agent>> create(Setup setup, const World& world);

  // Reads the network and makes the first round. Never fails: what is wrong is in status().
  void start();
  // What was put off is done now, since the loop turns no more.
  void finish();

  [[nodiscard]] api::Status status() override;
  [[nodiscard]] api::Answer plan() override;
  [[nodiscard]] Result<api::Answer> plan(const std::string& candidate) override;
  void reload(std::function<void(api::Answer)> done) override;
  api::Answer down() override;
  api::Answer revoke(const std::string& peer) override;

  // Status in one line, for the service manager.
  [[nodiscard]] std::string summary() const;

 private:
  enum class Asked : std::uint8_t {
    ByAPerson,
    ByAChange,
    AsBefore,  // it was in force when the agent ended
  };

  Agent(Setup setup, const World& world);
  Result<> make_sources();

  Result<> make_network_source();
  void take_first();
  [[nodiscard]] const network::Netmap* in_force() const;
  [[nodiscard]] router::Curtailment curtailment(NetworkSource::Of which) const;
  [[nodiscard]] Result<Candidate> prepare(network::Netmap netmap, NetworkSource::Of which,
                                          std::optional<network::Netmap>& whole);
  bool curtail_anew();
  void forget_needless_revocations();
  [[nodiscard]] std::vector<std::string> revoked_peers() const;
  bool go_on();
  Result<> resume_kept();
  void keep();
  void add_kept_problems(std::vector<api::Problem>& problems) const;
  [[nodiscard]] std::vector<Translated> translated(std::vector<api::Problem>& problems);
  void add_translator_problems(std::vector<api::Problem>& problems) const;
  void add_watch_problems(std::vector<api::Problem>& problems) const;
  bool offer(NetworkReading reading, Asked asked);  // true: in force now
  void take(Candidate candidate, std::optional<network::Netmap> whole);
  bool take_announced();  // true: in force now, and its round made
  void refuse(api::RefusalReason reason, std::string text);
  [[nodiscard]] std::string what_stays() const;
  [[nodiscard]] router::Verdict judge(const Candidate& candidate);
  void look_at_host();

  void round(firewall::Depth depth);
  void tidy();
  void tell_failover();
  [[nodiscard]] std::vector<api::Problem> without_failover(
      const std::vector<netlink::WgDevice>& devices) const;
  void look_at_failover();
  void note_repair();
  void arm_after_round();
  void tell_about_round();
  void tell_about_overlaps();
  void observe(const router::Dump<netlink::WgDevice>& devices);
  void tell_about_peers(const std::vector<PeerEvent>& events);
  Result<> listen_to_kernel();
  void listen_again();
  void go_deaf(Error error);
  void on_disturbance();
  [[nodiscard]] std::vector<api::Problem> standing_problems();
  [[nodiscard]] api::Answer answer_for_round(std::string text);
  [[nodiscard]] api::Answer answer_for_reload();
  [[nodiscard]] api::Answer finish_reload(NetworkReading reading, bool took,
                                          const std::vector<std::string>& done);

  Setup setup_;
  World world_;
  Reconciler reconciler_;
  PeerHistory history_;
  WallTime started_;

  Round round_;  // the last; its devices are looked at and dropped
  std::vector<router::Overlap> told_overlaps_;
  std::string told_;         // problems of the last round that the journal knows about
  bool read_whole_ = false;  // the next round has to
  std::unique_ptr<NetworkSource> source_;
  std::optional<network::Netmap> whole_;  // in force, where something of it is taken away
  network::Revocations revoked_here_;
  std::optional<WallTime> taken_;
  std::optional<WallTime> kept_from_;  // in force is what was kept, as it was written then
  std::optional<Error> not_kept_;      // why the network in force could not be
  std::string assigned_;               // what causeway-failover was told
  std::optional<Error> not_assigned_;  // why it could not be
  FailoverAbsence failover_absence_;
  std::optional<api::Refusal> refused_;
  std::vector<api::Problem> host_problems_;
  Flowtable flowtable_;
  bool config_changed_ = false;
  api::Counters counters_;

  Backoff retries_{kFirstRetry, kLongestRetry};
  // Each has its own: a fight about a rule must not keep the firewall waiting.
  RepairPace firewall_repairs_;
  RepairPace other_repairs_;
  SteadyTime repair_due_{};
  Backoff listens_{kFirstListen, kLongestRetry};
  std::optional<Error> deaf_;  // why the kernel's announcements are not heard

  std::unique_ptr<MetricsServer> metrics_;
  Timer audit_;
  Timer disturbed_;
  Timer listen_;
  Timer retry_;
  Timer expiry_;
  Timer moves_;
  Timer tidy_;
  Timer keep_;
  PathSource config_;
  std::vector<ReadableSource> kernel_;
};

}  // namespace cw::agent
