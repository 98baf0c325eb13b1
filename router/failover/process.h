// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "ha/etcd/arbiter.h"
#include "ha/gate/socket/gate.h"
#include "ha/health/targets.h"
#include "network/revocation.h"
#include "router/agent/fetch_loop.h"
#include "router/agent/journal.h"
#include "router/agent/loop.h"
#include "router/agent/metrics_server.h"
#include "router/failover/books.h"
#include "router/failover/connections.h"
#include "router/failover/control.h"
#include "router/failover/handing.h"
#include "router/failover/lan_loop.h"
#include "router/failover/mail.h"
#include "router/failover/mail_socket.h"
#include "router/failover/netmaps.h"
#include "router/failover/probes.h"
#include "router/failover/reset_sender.h"
#include "router/failover/runner.h"
#include "router/failover/setup.h"
#include "router/failover/story.h"
#include "router/failover/wishes.h"

// causeway-failover: introduces the core to siblings, arbiter, fabric and gates, and keeps the
// timers. Each is named with what it is for. Its end leaves everything as it is; leave() hands over
// first. One thread.
namespace cw::failover {

// How often an owner looks where its peers are, and tells its siblings.
inline constexpr ha::Duration kLook{2000};
// How often what the kernel has is compared with what is wanted: a gate, an address.
inline constexpr ha::Duration kCompare{2000};
// How often the clock's state is asked for: chrony and timesyncd take minutes to lose it.
inline constexpr ha::Duration kLookAtClock{10'000};
// A handover waits this long for connections, less than its owner does (Timers::prepare).
inline constexpr ha::Duration kMostPreparation{3000};
// Datagrams read in one go; what waits behind them waits for timers, too.
inline constexpr int kMostDatagrams = 256;

// What outlives the process, and what it starts with.
struct World {
  const network::RouterConfig& config;
  const network::FailoverConfig& failover;              // of `config`
  const std::map<std::string, net::PublicKey>& halves;  // of the keys in `keys`
  std::string assignment;                               // the file's path
  std::string folder;                                   // our own, where the agent reads
  agent::Loop& loop;
  const Clock& clock;
  agent::Journal& journal;
};

class Process final : public Outlets, public Requests {
 public:
  static Result<std::unique_ptr<Process>> create(const World& world,
                                                 std::map<std::string, Mail::Keys> keys,
                                                 net::Secret etcd_password, std::uint64_t boot);

  // On their own port, where router.toml says so.
  Result<> serve_metrics();
  // Reads what the agent says; nothing to do until it says something.
  void start();
  // Hands over everything, then stops the loop. Called again: stops it at once.
  void leave();

  [[nodiscard]] api::FailoverStatus status() override;
  void move(const api::Move& wish, Done done) override;
  void drain(bool on, Done done) override;

 private:
  struct Replicated {
    ha::reset::Moving moving;
    std::unique_ptr<Connections> connections;
    agent::ReadableSource readable;
    std::uint64_t term = 0;  // of the tenure, where it owns the gateway
  };

  struct Resetting {
    std::unique_ptr<ResetSender> sender;
    std::vector<agent::ReadableSource> readable;  // of the sender's descriptors
    bool announced = false;
  };

  struct Preparation {
    ha::Prepare asked;
    ha::Time until;
  };

  Process(const World& world, std::map<std::string, Mail::Keys> keys, net::Secret etcd_password,
          std::uint64_t boot);
  Result<> make_timers();
  Result<> make_sockets();

  // process_setup.cpp: what the agent says.
  void watch_assignment();
  void read_assignment();
  Result<> follow(Setup setup);
  Result<> begin();
  void change(const Setup* before);
  void take_new();
  void withdraw_unserved(const std::vector<std::string>& names);
  void withdraw_again();
  Result<> open_arbiter(const ha::etcd::Site& site);
  void open_fabric(const ha::arp::Config& config);
  void take(ha::Event event);

  // process_peers.cpp: siblings' datagrams, and where the peers are.
  void read_mail(MailSocket& socket);
  void take_datagram(const Received& received);
  [[nodiscard]] bool is_owner(const std::string& gateway, const std::string& sibling) const;
  void look_at_peers();
  void look_at_peers(const ha::Gateway& gateway);
  void tell_siblings();
  bool tell(const ha::Gateway& gateway, const std::string& sibling);
  // A letter; false: not now.
  bool post(const std::string& gateway, const std::string& sibling, ha::wire::Kind kind,
            const std::vector<std::uint8_t>& payload);
  Result<> post(const std::string& sibling, const Mail::Datagram& datagram);

  // process_connections.cpp: what is open through each gateway.
  void configure_connections();
  Result<Replicated> open_connections(const std::string& gateway, const ha::reset::Moving& moving);
  void follow_role(const std::string& gateway);
  void hear_connections(const Mail::Told& told);
  void look_at_connections();
  void step_connections();
  void say(const std::string& gateway, const std::string& sibling,
           const std::vector<Connections::Payload>& payloads);
  void arm_connections();
  void answer_preparations();
  void add_connections(api::FailoverStatus& status) const;

  // process_resets.cpp: connections that ended with the router before.
  void reset(const std::string& gateway, const std::vector<netlink::Connection>& ended);
  Result<> add_resets(const std::string& gateway, const std::vector<netlink::Connection>& ended);
  void announce_resets(const std::string& gateway);
  [[nodiscard]] bool is_ending(const std::string& gateway) const;
  void hear_clients(const std::string& gateway);
  [[nodiscard]] bool may_reset(const std::string& gateway) const;
  void step_resets();

  // process_handing.cpp: a file that is handed from one sibling to another, and to the agent.
  struct Handed {
    Handing& handing;
    ha::wire::Kind kind;
    agent::Timer& due;
    std::string_view offered;  // the file's name where the agent finds a sibling's
    std::string_view held;     // what it is called in the journal, ours
    std::string_view coming;   // and a sibling's
  };

  void step_handing(const Handed& handed, const Handing::Lacking& lacking);
  // Of what the agent was not given, nothing came whole.
  Handing::Heard hear_handing(const Handed& handed, const Mail::Told& told);

  // process_netmap.cpp: which netmap siblings have.
  void follow_netmaps();
  Handed handed_netmap();
  void step_netmaps();
  void hear_netmap(const Mail::Told& told);
  void add_netmaps(api::FailoverStatus& status) const;

  // process_revocations.cpp: lists of revocations.
  void follow_revocations();
  Handed handed_revocations();
  void step_revocations();
  void hear_revocations(const Mail::Told& told);

  // process_health.cpp: how this router does.
  void check_devices();
  void configure_targets();
  void tried(std::size_t target, std::string trouble);
  [[nodiscard]] std::vector<std::string> missed_by(const ha::Sibling& sibling) const;
  void add_health(api::FailoverStatus& status) const;

  // process_outlets.cpp: Outlets.
  void send(const ha::Beat& beat) override;
  void read(const ha::ReadRecord& read) override;
  void write(const ha::WriteRecord& write) override;
  void move(const ha::MoveAddress& move) override;
  void check(const ha::CheckAddress& check) override;
  void withdraw(const ha::WithdrawAddress& withdraw) override;
  void open_gate(const std::string& gateway) override;
  void start_handshakes(const std::string& gateway) override;
  void stop_initiating(const std::string& gateway) override;
  void close_gate(const std::string& gateway) override;
  void prepare(const ha::Prepare& prepare) override;
  void refused(const ha::MoveRefused& refused) override;
  void changed(const ha::Changed& changed) override;
  void left() override;
  void wake_at(ha::Time when) override;

  void tell_what_stays();  // process_leaving.cpp
  void refuse(const std::string& gateway, std::uint64_t request);
  void compare();
  void arm_gates();
  // To the journal: once, until it is another trouble, or none.
  void note(std::string_view what, const Result<>& result);
  void note(std::string_view what, const Error* error);

  [[nodiscard]] ha::Time now() const { return world_.clock.steady(); }

  [[nodiscard]] static ha::peers::Wall wall();

  World world_;
  Mail mail_;
  Books books_;
  Story story_;
  Wishes wishes_;
  net::Secret etcd_password_;
  WallTime started_;
  bool leaving_ = false;
  bool drained_ = false;  // also of what is shared later
  std::string told_of_address_;

  std::unique_ptr<const Setup> setup_;  // in force; none: nothing was said yet
  std::unique_ptr<Runner> runner_;

  std::unique_ptr<MailSocket> mail_v4_;
  std::unique_ptr<MailSocket> mail_v6_;  // none: this kernel has no IPv6
  std::unique_ptr<netlink::WireGuardSocket> wireguard_;
  std::unique_ptr<ha::gate::GateSocket> gates_;
  std::unique_ptr<agent::FetchLoop> fetch_loop_;
  std::unique_ptr<ha::etcd::Arbiter> arbiter_;
  ha::etcd::Site site_;  // whose records it keeps
  std::unique_ptr<LanLoop> lan_loop_;
  std::unique_ptr<ha::arp::LanFabric> fabric_;
  std::set<std::string> unwithdrawn_;  // gateways whose address the fabric is to withdraw yet

  std::map<std::string, Replicated> replicated_;  // by gateway
  std::string looked_at_;                         // of these
  std::vector<Preparation> preparations_;
  std::map<std::string, Resetting> resetting_;  // by gateway, after a takeover
  Netmaps netmaps_;
  Handing revocations_{network::Content::Revocations, network::kLargestRevocations};

  std::unique_ptr<agent::MetricsServer> metrics_;
  std::unique_ptr<Probes> probes_;
  std::vector<ha::health::Target> targets_;             // in the order of setup_'s
  std::map<std::string, ha::health::Verdict> devices_;  // by gateway

  std::map<std::string, std::string, std::less<>> troubles_;  // told, by what they are about
  std::uint64_t refused_datagrams_ = 0;

  agent::Timer step_;
  agent::Timer look_;
  agent::Timer tell_;
  agent::Timer compare_;
  agent::Timer gates_due_;
  agent::Timer connections_due_;
  agent::Timer look_due_;
  agent::Timer resets_due_;
  agent::Timer netmaps_due_;
  agent::Timer revocations_due_;
  agent::Timer clock_;
  agent::ReadableSource readable_v4_;
  agent::ReadableSource readable_v6_;
  std::optional<agent::PathSource> assignment_;  // none: it cannot be watched, and is read often
};

}  // namespace cw::failover
