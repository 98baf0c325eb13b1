// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "firewall/ruleset/sink.h"
#include "netlink/socket/channel.h"

struct nft_ctx;

// FirewallSink on the kernel's nf_tables: libnftables writes, requests of our own read (contract in
// firewall/ruleset/sink.h). Whether the structure was edited is told from the kernel's own dumps
// and not from a listing by libnftables, which reads every element of every set to list none.
// Blocking, one thread; to write a ruleset of 10,000 peers takes some 100 ms and leaves some 20 MiB
// free in the heap, which malloc_trim(3) gives back. Needs CAP_NET_ADMIN, to read as well.
namespace cw::firewall {

class NftSocket final : public FirewallSink {
 public:
  static Result<NftSocket> create();

  Result<TableState> read(Depth depth, const std::vector<std::string>& sets) override;
  Result<> commit(const std::string& text) override;
  Result<> start(const std::vector<std::string>& texts) override;
  Result<> check(const std::string& text) override;
  Result<> seal() override;
  Result<> exchange(const std::vector<std::string>& texts) override;
  Result<> finish(const std::string& text) override;
  Result<std::vector<std::string>> flowtable_devices() override;
  Result<std::vector<ForeignChain>> foreign_chains() override;
  Result<std::vector<Counter>> counters() override;

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };

  using Context = std::unique_ptr<nft_ctx, Free>;

  Result<bool> ends_in_drop(const ForeignChain& chain);
  explicit NftSocket(netlink::Channel channel);

  static Result<Context> open_context();

  Result<bool> table_is_there();
  // The one element of `digest` or `seal`, 16 bytes; empty where there is none.
  Result<std::vector<std::uint8_t>> mark_in(const char* set);
  Result<std::vector<std::string>> elements(const std::string& set);

  // How the table lists, but for the elements of its sets.
  struct Listing {
    std::vector<std::uint8_t> hash;  // BLAKE2b of the fingerprint, 16 bytes
    Contents contents;               // without sets
  };

  Result<Listing> list();
  // What the kernel counts transactions by.
  Result<std::uint32_t> generation();
  enum class Run : std::uint8_t {
    Commit,
    Check,  // the kernel looks at all of it and makes nothing of it
  };

  Result<> run_all(const std::vector<std::string>& texts);
  // Runs `text` as one transaction.
  Result<> run(std::string_view text, const std::string& what, Run how = Run::Commit);

  netlink::Channel channel_;
  // The generation that the last commit(), exchange() or finish() made, if it was alone.
  std::uint32_t committed_ = 0;
};

}  // namespace cw::firewall
