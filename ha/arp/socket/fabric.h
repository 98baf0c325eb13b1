// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "ha/arp/lan.h"
#include "ha/arp/socket/addresses.h"
#include "ha/arp/socket/packet.h"
#include "ha/fabric.h"

// The fabric of a LAN (contract in ha/fabric.h): gateways' addresses on one Ethernet interface,
// moved by gratuitous ARP and unsolicited neighbour advertisements. What it decides is in
// ha/arp/lan.h. Refuses an address that the host has of its own. Needs CAP_NET_ADMIN, CAP_NET_RAW
// and the right to write below /proc/sys/net/ipv4/conf. Linux 5.18 or newer.
//
// Never blocks but for short netlink requests; one thread, on somebody's event loop. One in a
// network namespace: it adopts what an earlier process left in the kernel, and removes what of that
// is no gateway's any more. What was answered for still is: whoever opens it withdraws the gateways
// that it does not serve. Its end leaves the addresses as they are; stand_down() removes them.
// arp_ignore and arp_announce of the interface, which a withdrawal sets where it must, stay.
//
// Of a withdrawn address that nobody else has announced yet, a check says Here: it is where packets
// go that are under way. After kLinger it is gone, and Elsewhere.
namespace cw::ha::arp {

struct Config {
  struct Gateway {
    std::string name;
    std::vector<net::Ip> addresses;  // no two gateways have the same

    friend bool operator==(const Gateway&, const Gateway&) = default;
  };

  std::string interface;
  std::uint8_t protocol = 0;  // by which addresses are known as ours: router/model/ownership.h
  std::vector<Gateway> gateways;

  friend bool operator==(const Config&, const Config&) = default;
};

// What the fabric asks of the loop that it works on.
class EventLoop {
 public:
  virtual ~EventLoop() = default;
  // LanFabric::on_ready() is to be called while it can be read.
  virtual void watch(int fd) = 0;
  virtual void forget(int fd) = 0;  // it is about to be closed
  // LanFabric::on_time() is to be called once then, and not at the time asked for before. Nothing:
  // not at all.
  virtual void wake_at(std::optional<Time> when) = 0;
};

// For the core, and why in words where there is something to say: to the journal.
struct Report {
  std::variant<FabricAnswer, AddressArrived> what;
  std::string why;
};

class LanFabric {
 public:
  // Called from on_ready() and on_time() only.
  using OnReport = std::function<void(const Report&)>;

  // The interface may come later. The loop outlives the fabric. An error: a mistake in the
  // configuration, or a right is missing.
  static Result<std::unique_ptr<LanFabric>> open(Config config, EventLoop& loop, OnReport on_report,
                                                 Time now);

  ~LanFabric();
  LanFabric(const LanFabric&) = delete;
  LanFabric& operator=(const LanFabric&) = delete;
  LanFabric(LanFabric&&) = delete;
  LanFabric& operator=(LanFabric&&) = delete;

  // `now` never goes back. What fails is in the answer.
  void move(const MoveAddress& request, Time now);
  void check(const CheckAddress& request, Time now);
  // The address is claimed no more, whatever the result; an error says that what still arrives is
  // not accepted either, or that the kernel refused even to remove it.
  Result<> withdraw(const WithdrawAddress& request, Time now);

  void on_ready(Time now);
  void on_time(Time now);

  // Takes all addresses of ours away: `causeway down`.
  Result<> stand_down();

 private:
  LanFabric(Config config, EventLoop& loop, OnReport on_report, Addresses addresses);

  Result<> adopt(Time now);

  // The interface as it is now, and sockets that listen on it; an error: it cannot be used.
  Result<> ready_interface();
  Result<Places> ready_for(const std::string& gateway);
  Result<> listen();
  void close_all();
  void close(std::optional<PacketSocket>& socket);
  void await_arrivals();
  std::optional<PacketSocket> hear_arrivals(net::Family family, std::uint16_t ether_type);

  [[nodiscard]] const Moving* find(const std::string& gateway) const;

  void answer(const std::string& gateway, std::uint64_t request, FabricOutcome outcome,
              const Error& why);
  void tell(const Event& event, Time now, const std::string& why = {});
  void act(const Action& action, Time now, const std::string& why);
  Result<> send(const net::Ip& ip, const Frame& frame);  // by the socket of its family
  Result<> announce(const Moving& moving);
  Result<> probe(const Moving& moving);

  void read_all(Time now);
  void read_claims(std::optional<PacketSocket>& socket, Time now);
  void take(const Claim& claim, Time now);
  void read_arrivals(std::optional<PacketSocket>& socket, Time now);
  std::optional<Bytes> next_frame(std::optional<PacketSocket>& socket);
  void report();
  void arm(Time now);

  Config config_;
  EventLoop& loop_;
  OnReport on_report_;
  Addresses addresses_;
  Lan lan_;
  netlink::EthernetLink link_;
  // Both to send and to hear claims; arrivals only while one is awaited.
  std::optional<PacketSocket> arp_;
  std::optional<PacketSocket> nd_;
  std::optional<PacketSocket> arrivals_v4_;
  std::optional<PacketSocket> arrivals_v6_;
  std::vector<net::Ip> awaited_;
  std::map<std::string, std::string> claims_;  // the last of somebody else, by gateway, in words
  std::vector<Report> reports_;
  std::optional<Time> due_;
};

}  // namespace cw::ha::arp
