// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "firewall/ruleset/sink.h"
#include "netlink/socket/channel.h"

struct nft_ctx;

// FirewallSink on the kernel's nf_tables: libnftables writes and lists the structure, small
// requests of our own read the digest and the elements. Contract in firewall/ruleset/sink.h.
// Everything is numbers: libnftables would look names up in /etc/protocols and /etc/services.
// Blocking, one thread; a ruleset of 10,000 peers takes some 50 ms. Needs CAP_NET_ADMIN, to read
// as well.
namespace cw::firewall {

class NftSocket final : public FirewallSink {
 public:
  static Result<NftSocket> create();

  Result<TableState> read(Depth depth, const std::vector<std::string>& sets) override;
  Result<> commit(const std::string& text) override;
  Result<> seal() override;
  Result<std::vector<ForeignChain>> foreign_chains() override;

 private:
  struct Free {
    void operator()(nft_ctx* context) const;
  };

  NftSocket(nft_ctx* context, netlink::Channel channel);

  Result<bool> table_is_there();
  // The one element of `digest` or `seal`, 16 bytes; empty where there is none.
  Result<std::vector<std::uint8_t>> mark_in(const char* set);
  Result<std::vector<std::string>> elements(const std::string& set);
  // BLAKE2b of how nft lists the structure, 16 bytes.
  Result<std::vector<std::uint8_t>> listing_hash();
  // Output of libnftables for `text`, run as one transaction.
  Result<std::string> run(std::string_view text, const std::string& what);

  std::unique_ptr<nft_ctx, Free> context_;
  netlink::Channel channel_;
};

}  // namespace cw::firewall
