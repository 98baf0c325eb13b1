// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/connection_filter.h"

#include <algorithm>
#include <cstdint>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

namespace cw::netlink {

namespace {

// A gateway has three. Of 32 the filter takes 7 KiB, and has net.core.optmem_max (20 KiB until
// Linux 6.6).
constexpr std::size_t kMostPrefixes = 32;

constexpr std::uint32_t kAccept = 0xffffffff;
constexpr std::uint32_t kAttributesAt = sizeof(nlmsghdr) + sizeof(nfgenmsg);
constexpr unsigned kTupleSlot = 0;  // of the filter's memory
constexpr unsigned kWordBits = 32;

class Program {
 public:
  void add(unsigned code, std::uint32_t k, std::uint8_t yes = 0, std::uint8_t no = 0) {
    code_.push_back({.code = static_cast<std::uint16_t>(code), .jt = yes, .jf = no, .k = k});
  }

  // A: where the attribute of that type lies, behind A or, `within`, in the one at A; 0: nowhere.
  void find(std::uint32_t type, bool within) {
    add(BPF_LDX | BPF_IMM, type);
    add(BPF_LD | BPF_W | BPF_ABS,
        static_cast<std::uint32_t>(SKF_AD_OFF + (within ? SKF_AD_NLATTR_NEST : SKF_AD_NLATTR)));
  }

  void accept_if_zero() {
    add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    accept();
  }

  void accept() { add(BPF_RET | BPF_K, kAccept); }

  // With the source's attribute at X; falls through where it does not match.
  void accept_if_in(const net::Prefix& prefix) {
    struct Word {
      std::uint32_t at, mask, value;
    };

    std::vector<Word> words;
    const auto bytes = prefix.address().bytes();
    for (unsigned bit = 0; bit < prefix.length(); bit += kWordBits) {
      const auto length = std::min(kWordBits, prefix.length() - bit);
      const auto at = bit / 8;
      words.push_back(
          {.at = static_cast<std::uint32_t>(kAttributeHeaderSize + at),
           .mask = ~std::uint32_t{0} << (kWordBits - length),
           .value = big_endian_number<std::uint32_t>(bytes.subspan(at, 4)).value_or(0)});
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
      add(BPF_LD | BPF_W | BPF_IND, words[i].at);
      add(BPF_ALU | BPF_AND | BPF_K, words[i].mask);
      // Over the words that follow, three instructions each, and what accepts.
      add(BPF_JMP | BPF_JEQ | BPF_K, words[i].value, 0,
          static_cast<std::uint8_t>(3 * (words.size() - i - 1) + 1));
    }
    accept();
  }

  [[nodiscard]] std::size_t size() const { return code_.size(); }

  // The jump at `from` goes to what comes next, where its condition does not hold.
  void land(std::size_t from) { code_[from].k = static_cast<std::uint32_t>(size() - from - 1); }

  [[nodiscard]] std::vector<sock_filter> take() { return std::move(code_); }

 private:
  std::vector<sock_filter> code_;
};

void add_sources(Program& out, std::uint32_t type, const std::vector<net::Prefix>& ours,
                 net::Family family) {
  out.add(BPF_LD | BPF_MEM, kTupleSlot);
  out.find(type, true);
  out.add(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
  const auto absent = out.size();
  out.add(BPF_JMP | BPF_JA, 0);
  out.add(BPF_MISC | BPF_TAX, 0);
  for (const auto& prefix : ours) {
    if (prefix.family() == family) {
      out.accept_if_in(prefix);
    }
  }
  out.land(absent);
}

void add_tuple(Program& out, std::uint32_t tuple, const std::vector<net::Prefix>& ours) {
  out.add(BPF_LD | BPF_IMM, kAttributesAt);
  out.find(tuple, false);
  out.accept_if_zero();
  out.find(CTA_TUPLE_IP, true);
  out.accept_if_zero();
  out.add(BPF_ST, kTupleSlot);
  add_sources(out, CTA_IP_V4_SRC, ours, net::Family::V4);
  add_sources(out, CTA_IP_V6_SRC, ours, net::Family::V6);
}

bool lies_in(const net::Ip& ip, const std::vector<net::Prefix>& prefixes) {
  return std::ranges::any_of(prefixes, [&](const auto& prefix) { return prefix.contains(ip); });
}

}  // namespace

bool concerns(const Connection& connection, const std::vector<net::Prefix>& ours) {
  return lies_in(connection.id.original.source, ours) || lies_in(connection.reply.source, ours);
}

std::vector<sock_filter> connection_filter(const std::vector<net::Prefix>& ours) {
  Program out;
  if (ours.size() > kMostPrefixes) {
    out.accept();
    return out.take();
  }
  add_tuple(out, CTA_TUPLE_ORIG, ours);
  add_tuple(out, CTA_TUPLE_REPLY, ours);
  out.add(BPF_RET | BPF_K, 0);
  return out.take();
}

}  // namespace cw::netlink
