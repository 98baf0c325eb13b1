// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "firewall/ruleset/sink.h"
#include "netlink/codec/sinks.h"
#include "router/apply/apply.h"

// A small kernel in memory, behind the sinks' interfaces. It enforces what the real one does and
// our code relies on: a route needs its device up and its preferred source present, a device that
// goes down or away takes its routes (and addresses) along, an allowed IP has one owner, an update
// never creates a peer. It keeps foreign objects too, to show that nobody touches them.
namespace cw::test {

// nft's table `inet causeway` as our transactions leave it; it reads the text we generate.
class ModelNft final : public firewall::FirewallSink {
 public:
  Result<firewall::TableState> read(firewall::Depth depth,
                                    const std::vector<std::string>& sets) override;
  Result<> commit(const std::string& text) override;
  Result<> start(const std::vector<std::string>& texts) override;
  Result<> check(const std::string& text) override;
  Result<std::vector<std::string>> flowtable_devices() override;
  Result<> seal() override;
  Result<> exchange(const std::vector<std::string>& texts) override;
  Result<> finish(const std::string& text) override;

  Result<std::vector<firewall::ForeignChain>> foreign_chains() override { return foreign; }

  Result<std::vector<firewall::Counter>> counters() override;

  void flush();           // `nft flush ruleset`
  void edit_structure();  // somebody adds a rule to a chain of ours
  void remove_element(const std::string& set, const std::string& element);
  void count(const std::string& counter, std::uint64_t packets);  // they passed; it is declared

  // Called before each transaction and before the table is sealed; an Error makes that fail.
  std::function<Result<>()> before_commit;
  std::function<Result<>()> before_seal;
  std::vector<firewall::ForeignChain> foreign;
  int commits = 0;
  int checks = 0;
  int counter_reads = 0;
  bool refuse = false;
  bool has_flowtables = true;

 private:
  [[nodiscard]] Result<> may_run(const std::string& text) const;
  Result<> run(const std::string& line);
  Result<> run_for_chain(const std::string& verb, const std::string& object,
                         const std::string& chain, const std::string& to);
  Result<> remove(const std::string& object, const std::string& name);
  void declare(const std::string& line);
  [[nodiscard]] std::string listing() const;

  bool present_ = false;
  std::string structure_;
  std::string sealed_;  // listing()
  std::string digest_;
  std::string declaring_;  // the chain whose rules come
  std::set<std::string> rights_;
  std::map<std::string, std::string> jumps_;
  std::map<std::string, std::map<std::string, std::string>> sets_;  // set -> key -> element
  std::map<std::string, std::uint64_t> counters_;                   // those declared
};

class ModelKernel final : public netlink::RouteSink,
                          public netlink::WireGuardSink,
                          public netlink::SysctlSink,
                          public netlink::ConntrackSink,
                          public via6::TranslatorSink {
 public:
  ModelKernel();

  Result<std::vector<netlink::Link>> links() override;
  Result<std::vector<netlink::Address>> addresses() override;
  Result<std::vector<netlink::Route>> routes() override;
  Result<std::vector<netlink::Rule>> rules() override;
  Result<std::vector<netlink::HostPrefix>> overlapping(
      const std::vector<net::Prefix>& prefixes) override;
  Result<> create_wireguard(const std::string& device, std::uint32_t mtu) override;
  Result<> remove_link(const std::string& device) override;
  Result<> set_mtu(const std::string& device, std::uint32_t mtu) override;
  Result<> set_up(const std::string& device) override;
  Result<> add_address(const netlink::Address& address) override;
  Result<> remove_address(const netlink::Address& address) override;
  Result<> add_route(const netlink::Route& route) override;
  Result<> remove_route(const netlink::Route& route) override;
  Result<> add_rule(const netlink::Rule& rule) override;
  Result<> remove_rule(const netlink::Rule& rule) override;
  Result<netlink::WgDevice> device(const std::string& name) override;
  Result<> change(const netlink::WgDeviceChange& change) override;
  Result<std::string> read(const std::string& key) override;
  Result<> write(const netlink::Sysctl& sysctl) override;

  bool writable(const std::string& key) override { return sysctls.contains(key); }

  Result<std::size_t> forget(const netlink::FlowMatch& among,
                             const std::function<bool(const netlink::Flow&)>& gone) override;

  Result<via6::Attached> attached(const std::string& device) override;
  Result<> attach(const std::string& device, const via6::Parameters& parameters) override;
  Result<> detach(const std::string& device) override;
  std::vector<std::string> counted() override;
  Result<via6::Counters> counters(const std::string& device) override;

  // What other programs do.
  void replace_translator(const std::string& device, const std::string& with);  // "": take away
  void set_down(const std::string& device);
  void add_foreign_link(const std::string& name, const std::string& kind);

  netlink::WgDevice& wireguard(const std::string& device) { return devices_.at(device); }

  router::Sinks sinks() { return {*this, *this, *this, nft, *this, *this}; }

  ModelNft nft;
  std::map<std::string, std::string> sysctls;
  std::map<std::string, via6::Counters> translated;  // kept, also of devices that have gone
  std::vector<netlink::Flow> flows;                  // tracked connections
  std::vector<netlink::FlowMatch> looked_among;      // by forget()
  std::vector<netlink::HostPrefix> host_prefixes;    // other programs' addresses and routes
  std::map<net::PublicKey, std::uint16_t> handshakes_started;  // by a keepalive from 0 to N
  bool interrupt_dumps = false;
  // Called before each write; an Error makes that write fail.
  std::function<Result<>(const std::string& what)> before_write;
  int writes = 0;
  int device_reads = 0;

 private:
  Result<> write_allowed(const std::string& what);
  template <class T>
  Result<std::vector<T>> dump(const std::vector<T>& items) const;
  void change_peer(netlink::WgDevice& device, const netlink::WgPeerChange& change);

  std::map<std::string, netlink::Link> links_;
  std::map<std::string, netlink::WgDevice> devices_;
  std::vector<netlink::Address> addresses_;
  std::vector<netlink::Route> routes_;
  std::vector<netlink::Rule> rules_;
  std::map<std::string, via6::Attached> translators_;
  int next_index_ = 1;
};

}  // namespace cw::test
