// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/flow.h"

#include <algorithm>
#include <type_traits>

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>

namespace cw::ha::replica {

namespace {

// Of one in a flowtable, which tells none: the kernel gives it a day (NF_CT_DAY).
constexpr std::uint32_t kOffloaded = 86'400;

// RFC 7323, 2.3.
constexpr std::uint8_t kMostScale = 14;

// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), and at the end the finalizer of splitmix64,
// so that sums of digests keep their differences.
class Digest {
 public:
  void add(const net::Ip& ip) {
    for (const auto byte : ip.bytes()) {
      add(byte);
    }
  }

  template <class T>
    requires std::is_unsigned_v<T>
  void add(T value) {
    for (std::size_t i = 0; i < sizeof value; ++i) {
      state_ = (state_ ^ static_cast<std::uint8_t>(value >> (8 * i))) * 0x100000001b3U;
    }
  }

  void add(const netlink::Tuple& tuple) {
    add(tuple.source);
    add(tuple.destination);
    add(tuple.source_port);
    add(tuple.destination_port);
  }

  [[nodiscard]] std::uint64_t value() const {
    auto mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

netlink::TcpEnd of_handshake(const netlink::TcpEnd& end) {
  if ((end.flags & IP_CT_TCP_FLAG_WINDOW_SCALE) == 0) {
    return {.scale = 0, .flags = static_cast<std::uint8_t>(end.flags & kHandshakeFlags)};
  }
  return {.scale = std::min(end.scale, kMostScale),
          .flags = static_cast<std::uint8_t>(end.flags & kHandshakeFlags)};
}

}  // namespace

bool is_open(std::uint8_t tcp_state) {
  return tcp_state == TCP_CONNTRACK_ESTABLISHED || tcp_state == TCP_CONNTRACK_FIN_WAIT ||
         tcp_state == TCP_CONNTRACK_CLOSE_WAIT;
}

std::optional<netlink::Connection> worth_keeping(const netlink::Connection& told,
                                                 const netlink::Connection* known) {
  const bool tcp = told.id.protocol == IPPROTO_TCP;
  const auto status = told.status;
  const std::uint32_t needed = tcp ? IPS_ASSURED | IPS_SEEN_REPLY : IPS_SEEN_REPLY;
  // The offsets of a helper that has lengthened the stream cannot be given to another kernel.
  if ((!tcp && told.id.protocol != IPPROTO_UDP) || (status & needed) != needed ||
      (status & (IPS_DYING | IPS_SEQ_ADJUST)) != 0) {
    return std::nullopt;
  }
  netlink::Connection kept{.id = told.id, .reply = told.reply, .mark = told.mark};
  if (told.timeout) {
    kept.timeout = told.timeout;
  } else {
    kept.timeout = known != nullptr ? known->timeout : kOffloaded;
  }
  if (!tcp) {
    return kept;
  }
  if (told.tcp_state) {
    kept.tcp_state = told.tcp_state;
    kept.original_end = of_handshake(told.original_end);
    kept.reply_end = of_handshake(told.reply_end);
  } else if (known != nullptr) {
    kept.tcp_state = known->tcp_state;
    kept.original_end = known->original_end;
    kept.reply_end = known->reply_end;
  } else {
    kept.tcp_state = TCP_CONNTRACK_ESTABLISHED;  // or it would not be assured
  }
  return is_open(kept.tcp_state.value_or(TCP_CONNTRACK_NONE)) ? std::optional(kept) : std::nullopt;
}

bool same_but_time(const netlink::Connection& a, const netlink::Connection& b) {
  auto timed = b;
  timed.timeout = a.timeout;
  return a == timed;
}

bool same_for_a_sibling(const netlink::Connection& a, const netlink::Connection& b) {
  const auto x = a.timeout.value_or(0);
  const auto y = b.timeout.value_or(0);
  return same_but_time(a, b) && x / 2 <= y && y / 2 <= x;
}

std::uint64_t digest_of(const netlink::Connection& connection) {
  Digest digest;
  digest.add(connection.id.original);
  digest.add(connection.id.protocol);
  digest.add(connection.id.zone);
  digest.add(connection.reply);
  digest.add(connection.mark);
  digest.add(connection.tcp_state.value_or(std::uint8_t{0}));
  for (const auto& end : {connection.original_end, connection.reply_end}) {
    digest.add(end.scale);
    digest.add(end.flags);
  }
  return digest.value();
}

}  // namespace cw::ha::replica
