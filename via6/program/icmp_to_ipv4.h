/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include "via6/program/ipv6_chain.h"

/* ICMPv6 errors and the packets inside them (RFC 7915 sections 5.2 and 5.3). */

/* Type, code and what they need of the rest (RFC 7915 section 5.2). `to` is zero. */
INLINE int make_icmp_error(struct icmp* to, const struct icmp* from, int fragment) {
  switch (from->type) {
    case ICMPV6_UNREACHABLE: {
      to->type = ICMP_UNREACHABLE;
      switch (from->code) {
        case 0: /* no route */
        case 2: /* beyond scope */
        case 3: /* address */
          to->code = 1;
          return CW_VIA6_TRANSLATED;
        case 1: /* prohibited */
          to->code = 10;
          return CW_VIA6_TRANSLATED;
        case 4: /* port */
          to->code = 3;
          return CW_VIA6_TRANSLATED;
        default:
          return CW_VIA6_ICMP_TYPE;
      }
    }
    case ICMPV6_TOO_BIG: {
      /* No IPv6 link is smaller than 1280, whatever a peer says (RFC 8201 section 4). */
      __u32 mtu = (__u32)from->rest[0] << 24 | (__u32)from->rest[1] << 16 |
                  (__u32)from->rest[2] << 8 | from->rest[3];
      mtu = mtu > parameters.mtu ? parameters.mtu : mtu;
      mtu = mtu < IPV6_MINIMUM_MTU ? IPV6_MINIMUM_MTU : mtu;
      mtu -= IPV6_HEADER - IPV4_HEADER + (fragment ? FRAGMENT_HEADER : 0);
      to->type = ICMP_UNREACHABLE;
      to->code = 4;
      to->rest[2] = mtu >> 8;
      to->rest[3] = mtu;
      return CW_VIA6_TRANSLATED;
    }
    case ICMPV6_TIME_EXCEEDED:
      to->type = ICMP_TIME_EXCEEDED;
      to->code = from->code;
      return CW_VIA6_TRANSLATED;
    case ICMPV6_PARAMETER_PROBLEM: {
      if (from->code == 1) { /* unknown next header */
        to->type = ICMP_UNREACHABLE;
        to->code = 2;
        return CW_VIA6_TRANSLATED;
      }
      if (from->code != 0 || from->rest[0] || from->rest[1] || from->rest[2]) {
        return CW_VIA6_ICMP_TYPE;
      }
      to->type = ICMP_PARAMETER_PROBLEM;
      __u8 pointer = from->rest[3]; /* RFC 7915 figure 6 */
      if (pointer <= 1) {
        to->rest[0] = pointer;
      } else if (pointer == 4 || pointer == 5) {
        to->rest[0] = 2; /* payload length: total length */
      } else if (pointer == 6) {
        to->rest[0] = 9; /* next header: protocol */
      } else if (pointer == 7) {
        to->rest[0] = 8; /* hop limit: TTL */
      } else if (pointer >= 8 && pointer < 24) {
        to->rest[0] = 12; /* source */
      } else if (pointer >= 24 && pointer < 40) {
        to->rest[0] = 16; /* destination */
      } else {
        return CW_VIA6_ICMP_TYPE; /* a flow label, or behind the header */
      }
      return CW_VIA6_TRANSLATED;
    }
    default:
      return CW_VIA6_ICMP_TYPE;
  }
}

struct error6 {
  struct icmp icmp;
  struct ipv6 inner;
};

struct error4 {
  struct icmp icmp;
  struct ipv4 inner;
};

/* Corrects the transport checksum of the packet inside, as far as it is there. `total` is the sum
 * of the error message, which has those bytes in it. */
INLINE int patch_inner_for_ipv4(struct __sk_buff* skb, const struct chain* chain, __u32 visible,
                                __u32 rest, const struct error6* old, const struct error4* new,
                                __u32* total) {
  if (chain->next == PROTOCOL_ICMP) {
    return CW_VIA6_PROTOCOL;
  }
  if (chain->next == PROTOCOL_ICMPV6) {
    if (is_part(chain)) {
      return CW_VIA6_ICMP_FRAGMENT;
    }
    struct icmp echo = {};
    if (visible < sizeof echo || load(skb, chain->at, &echo, sizeof echo)) {
      return CW_VIA6_INNER_BROKEN;
    }
    if (echo.type != ICMPV6_ECHO && echo.type != ICMPV6_ECHO_REPLY) {
      return echo.type < ICMPV6_ECHO ? CW_VIA6_INNER_ERROR : CW_VIA6_ICMP_TYPE;
    }
    *total = sum_without(&echo, 4, *total);
    struct pseudo6 pseudo = {.source = old->inner.source,
                             .destination = old->inner.destination,
                             .length = bpf_htonl(rest),
                             .next = bpf_htonl(PROTOCOL_ICMPV6)};
    __u32 inner = sum_without(&pseudo, sizeof pseudo, (__u16)~echo.checksum);
    echo.checksum = 0;
    inner = sum_without(&echo, 4, inner);
    echo.type = echo.type == ICMPV6_ECHO ? ICMP_ECHO : ICMP_ECHO_REPLY;
    inner = sum(&echo, 4, inner);
    echo.checksum = ~fold(inner);
    *total = sum(&echo, 4, *total);
    return store(skb, chain->at, &echo, 4) ? CW_VIA6_KERNEL : CW_VIA6_TRANSLATED;
  }
  __u32 at = 0;
  if (chain->next == PROTOCOL_TCP) {
    at = TCP_CHECKSUM;
  } else if (chain->next == PROTOCOL_UDP) {
    at = UDP_CHECKSUM;
  }
  if (at == 0 || !is_first(chain) || visible < at + 2) {
    return CW_VIA6_TRANSLATED;
  }
  __sum16 checksum = 0;
  if (load(skb, chain->at + at, &checksum, sizeof checksum)) {
    return CW_VIA6_INNER_BROKEN;
  }
  if (checksum == 0 && chain->next == PROTOCOL_UDP) {
    return CW_VIA6_TRANSLATED;
  }
  *total = add(*total, (__u16)~checksum);
  __u32 inner = bpf_csum_diff((__be32*)&old->inner.source, 32, (__be32*)&new->inner.source, 8,
                              (__u16)~checksum);
  checksum = ~fold(inner);
  if (checksum == 0 && chain->next == PROTOCOL_UDP) {
    checksum = 0xffff;
  }
  *total = add(*total, checksum);
  return store(skb, chain->at + at, &checksum, sizeof checksum) ? CW_VIA6_KERNEL
                                                                : CW_VIA6_TRANSLATED;
}

/* An ICMPv6 error at `at`, of a packet that ends at `end`. `out` has its addresses. An extension
 * behind the packet inside (RFC 4884) is cut off. */
INLINE int icmp_error_to_ipv4(struct __sk_buff* skb, const struct ipv6* ip, __u32 at, __u32 end,
                              struct ipv4* out, const struct chain* outer) {
  struct error6 old = {};
  struct error4 new = {};
  if (load(skb, at, &old.icmp, sizeof old.icmp)) {
    return CW_VIA6_TRUNCATED;
  }
  int outcome = make_icmp_error(&new.icmp, &old.icmp, 0);
  if (outcome) {
    return outcome;
  }
  __u32 cut = end;
  if (old.icmp.type == ICMPV6_UNREACHABLE || old.icmp.type == ICMPV6_TIME_EXCEEDED) {
    __u32 inside = old.icmp.rest[0] * 8;
    if (inside && at + ICMP_HEADER + inside < end) {
      cut = at + ICMP_HEADER + inside;
    }
  }
  if (at + sizeof old > cut || load(skb, at, &old, sizeof old) ||
      bpf_ntohl(old.inner.version_class_flow) >> 28 != 6) {
    return CW_VIA6_INNER_BROKEN;
  }
  if (!equal(&old.inner.source, &ip->destination) || !equal(&old.inner.destination, &ip->source)) {
    return CW_VIA6_INNER_ADDRESS;
  }
  struct chain chain = {};
  if (follow(skb, at + sizeof old, cut, old.inner.next, &chain)) {
    return CW_VIA6_INNER_BROKEN;
  }
  __u32 extensions = chain.at - at - sizeof old;
  __u32 rest = bpf_ntohs(old.inner.payload);
  if (rest < extensions || rest - extensions > 0xffff - IPV4_HEADER ||
      extensions > CW_VIA6_LONGEST_SUM || end - cut > CW_VIA6_LONGEST_SUM) {
    return CW_VIA6_INNER_BROKEN;
  }
  rest -= extensions;
  if (chain.fragment) {
    make_icmp_error(&new.icmp, &old.icmp, 1);
  }
  make_ipv4(&new.inner, &old.inner, &chain, rest);
  new.inner.source = out->destination;
  new.inner.destination = out->source;
  seal_ipv4(&new.inner);

  struct pseudo6 pseudo = {.source = ip->source,
                           .destination = ip->destination,
                           .length = bpf_htonl(end - at),
                           .next = bpf_htonl(PROTOCOL_ICMPV6)};
  __u32 total = sum_without(&pseudo, sizeof pseudo, (__u16)~old.icmp.checksum);
  old.icmp.checksum = 0;
  total = bpf_csum_diff((__be32*)&old, sizeof old, (__be32*)&new, sizeof new, total);
  if (extensions) {
    total = add(total, ~sum_packet(skb, at + sizeof old, extensions));
  }
  if (cut != end) {
    total = add(total, ~sum_packet(skb, cut, end - cut));
  }
  __u32 visible = cut - chain.at < rest ? cut - chain.at : rest;
  outcome = patch_inner_for_ipv4(skb, &chain, visible, rest, &old, &new, &total);
  if (outcome) {
    return outcome;
  }
  new.icmp.checksum = ~fold(total);
  make_ipv4(out, ip, outer, sizeof new + cut - chain.at);
  seal_ipv4(out);
  if ((cut != end && bpf_skb_change_tail(skb, parameters.layer3 + cut, 0)) ||
      resize(skb, ETH_P_IP,
             (__s32)(IPV4_HEADER + sizeof new + IPV6_HEADER - IPV4_HEADER) - (__s32)chain.at) ||
      store(skb, 0, out, sizeof *out) || store(skb, IPV4_HEADER, &new, sizeof new)) {
    return CW_VIA6_KERNEL;
  }
  return CW_VIA6_TRANSLATED;
}
