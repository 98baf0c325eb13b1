/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include "via6/program/ipv4_header.h"

/* ICMP errors and the packets inside them (RFC 7915 sections 4.2 and 4.3). */

/* The largest of RFC 1191's plateaus below what was too long; none is known by its router. */
INLINE __u32 plateau_below(__u32 length) {
  return length > 32000   ? 32000
         : length > 17914 ? 17914
         : length > 8166  ? 8166
         : length > 4352  ? 4352
         : length > 2002  ? 2002
         : length > 1492  ? 1492
                          : 0;
}

/* Type, code and what they need of the rest (RFC 7915 section 4.2). `to` is zero. */
INLINE int make_icmpv6_error(struct icmp* to, const struct icmp* from) {
  if (from->type == ICMP_TIME_EXCEEDED) {
    to->type = ICMPV6_TIME_EXCEEDED;
    to->code = from->code;
    return CW_VIA6_TRANSLATED;
  }
  if (from->type == ICMP_PARAMETER_PROBLEM) {
    if (from->code != 0 && from->code != 2) {
      return CW_VIA6_ICMP_TYPE;
    }
    to->type = ICMPV6_PARAMETER_PROBLEM;
    __u8 pointer = from->rest[0]; /* RFC 7915 figure 3 */
    if (pointer <= 1) {
      to->rest[3] = pointer;
    } else if (pointer == 2 || pointer == 3) {
      to->rest[3] = 4; /* total length: payload length */
    } else if (pointer == 8) {
      to->rest[3] = 7; /* TTL: hop limit */
    } else if (pointer == 9) {
      to->rest[3] = 6; /* protocol: next header */
    } else if (pointer >= 12 && pointer < 16) {
      to->rest[3] = 8; /* source */
    } else if (pointer >= 16 && pointer < 20) {
      to->rest[3] = 24; /* destination */
    } else {
      return CW_VIA6_ICMP_TYPE; /* what IPv6 has not, or an option */
    }
    return CW_VIA6_TRANSLATED;
  }
  if (from->type != ICMP_UNREACHABLE) {
    return CW_VIA6_ICMP_TYPE;
  }
  to->type = ICMPV6_UNREACHABLE;
  switch (from->code) {
    case 2: /* protocol: the next header */
      to->type = ICMPV6_PARAMETER_PROBLEM;
      to->code = 1;
      to->rest[3] = 6;
      return CW_VIA6_TRANSLATED;
    case 3: /* port */
      to->code = 4;
      return CW_VIA6_TRANSLATED;
    case 4: /* the caller sets the MTU */
      to->type = ICMPV6_TOO_BIG;
      return CW_VIA6_TRANSLATED;
    case 9:
    case 10:
    case 13:
    case 15: /* prohibited, precedence cutoff */
      to->code = 1;
      return CW_VIA6_TRANSLATED;
    case 0:
    case 1:
    case 5:
    case 6:
    case 7:
    case 8:
    case 11:
    case 12:
      return CW_VIA6_TRANSLATED; /* no route */
    default:
      return CW_VIA6_ICMP_TYPE;
  }
}

INLINE void set_mtu(struct icmp* to, const struct icmp* from, const struct ipv4* inner) {
  __u32 mtu = (__u32)from->rest[2] << 8 | from->rest[3];
  if (mtu == 0) {
    mtu = plateau_below(bpf_ntohs(inner->length));
  }
  mtu += IPV6_HEADER - IPV4_HEADER;
  mtu = mtu > parameters.mtu ? parameters.mtu : mtu;
  mtu = mtu < IPV6_MINIMUM_MTU ? IPV6_MINIMUM_MTU : mtu;
  to->rest[2] = mtu >> 8;
  to->rest[3] = mtu;
}

/* What an error message becomes, but for the inner packet's own payload. */
struct new_error6 {
  struct icmp icmp;
  struct ipv6 inner;
  struct fragment6 fragment;
};

INLINE int patch_inner_for_ipv6(struct __sk_buff* skb, __u32 at, __u32 visible, __u32 rest,
                                const struct error4* old, const struct new_error6* new,
                                __u32* total) {
  __u8 protocol = old->inner.protocol;
  __u16 field = fragment_field(&old->inner);
  if (is_of_ipv6(protocol)) {
    return CW_VIA6_PROTOCOL;
  }
  if (protocol == PROTOCOL_ICMP) {
    if (field) {
      return CW_VIA6_ICMP_FRAGMENT;
    }
    struct icmp echo = {};
    if (visible < sizeof echo || load(skb, at, &echo, sizeof echo)) {
      return CW_VIA6_INNER_BROKEN;
    }
    if (echo.type != ICMP_ECHO && echo.type != ICMP_ECHO_REPLY) {
      return echo.type == ICMP_UNREACHABLE || echo.type == ICMP_TIME_EXCEEDED ||
                     echo.type == ICMP_PARAMETER_PROBLEM
                 ? CW_VIA6_INNER_ERROR
                 : CW_VIA6_ICMP_TYPE;
    }
    *total = sum_without(&echo, 4, *total);
    struct pseudo6 pseudo = {.source = new->inner.source,
                             .destination = new->inner.destination,
                             .length = bpf_htonl(rest),
                             .next = bpf_htonl(PROTOCOL_ICMPV6)};
    __u32 inner = sum(&pseudo, sizeof pseudo, (__u16)~echo.checksum);
    echo.checksum = 0;
    inner = sum_without(&echo, 4, inner);
    echo.type = echo.type == ICMP_ECHO ? ICMPV6_ECHO : ICMPV6_ECHO_REPLY;
    inner = sum(&echo, 4, inner);
    echo.checksum = ~fold(inner);
    *total = sum(&echo, 4, *total);
    return store(skb, at, &echo, 4) ? CW_VIA6_KERNEL : CW_VIA6_TRANSLATED;
  }
  __u32 field_at = 0;
  if (protocol == PROTOCOL_TCP) {
    field_at = TCP_CHECKSUM;
  } else if (protocol == PROTOCOL_UDP) {
    field_at = UDP_CHECKSUM;
  }
  if (field_at == 0 || (field & IPV4_OFFSET) || visible < field_at + 2) {
    return CW_VIA6_TRANSLATED;
  }
  __sum16 checksum = 0;
  if (load(skb, at + field_at, &checksum, sizeof checksum)) {
    return CW_VIA6_INNER_BROKEN;
  }
  if (checksum == 0 && protocol == PROTOCOL_UDP) {
    return CW_VIA6_TRANSLATED;
  }
  *total = add(*total, (__u16)~checksum);
  __u32 inner = bpf_csum_diff((__be32*)&old->inner.source, 8, (__be32*)&new->inner.source, 32,
                              (__u16)~checksum);
  checksum = ~fold(inner);
  if (checksum == 0 && protocol == PROTOCOL_UDP) {
    checksum = 0xffff;
  }
  *total = add(*total, checksum);
  return store(skb, at + field_at, &checksum, sizeof checksum) ? CW_VIA6_KERNEL
                                                               : CW_VIA6_TRANSLATED;
}

/* An ICMP error at `at`, of a packet that ends at `end`. `out` has its addresses. It becomes no
 * longer than 1280 bytes (RFC 4443 section 2.4), and an extension behind the packet inside
 * (RFC 4884) is cut off. */
INLINE int icmp_error_to_ipv6(struct __sk_buff* skb, const struct ipv4* ip, __u32 at, __u32 end,
                              struct ipv6* out) {
  struct error4 old = {};
  struct new_error6 new = {};
  if (load(skb, at, &old.icmp, sizeof old.icmp)) {
    return CW_VIA6_TRUNCATED;
  }
  int outcome = make_icmpv6_error(&new.icmp, &old.icmp);
  if (outcome) {
    return outcome;
  }
  __u32 cut = end;
  __u32 inside = old.icmp.rest[1] * 4;
  if (inside && at + ICMP_HEADER + inside < end) {
    cut = at + ICMP_HEADER + inside;
  }
  if (at + sizeof old > cut || load(skb, at, &old, sizeof old) || old.inner.version_ihl >> 4 != 4 ||
      length_of_header(&old.inner) < IPV4_HEADER) {
    return CW_VIA6_INNER_BROKEN;
  }
  if (old.inner.source != ip->destination) {
    return CW_VIA6_INNER_ADDRESS;
  }
  __u32 options = length_of_header(&old.inner) - IPV4_HEADER;
  __u32 inner = at + sizeof old + options; /* what the packet inside carries */
  __u32 rest = bpf_ntohs(old.inner.length);
  if (inner > cut || rest < options + IPV4_HEADER) {
    return CW_VIA6_INNER_BROKEN;
  }
  rest -= options + IPV4_HEADER;
  __u32 size = fragment_field(&old.inner) ? sizeof new : sizeof new - FRAGMENT_HEADER;
  if (IPV6_HEADER + size + cut - inner > IPV6_MINIMUM_MTU) {
    cut = IPV6_MINIMUM_MTU - IPV6_HEADER - size + inner;
  }
  if (end - cut > CW_VIA6_LONGEST_SUM) {
    return CW_VIA6_INNER_BROKEN;
  }
  if (new.icmp.type == ICMPV6_TOO_BIG) {
    set_mtu(&new.icmp, &old.icmp, &old.inner);
  }
  make_ipv6(&new.inner, &new.fragment, &old.inner, rest);
  new.inner.source = out->destination;
  set_via(&new.inner.destination, old.inner.destination);
  struct pseudo6 pseudo = {.source = out->source,
                           .destination = out->destination,
                           .length = bpf_htonl(size + cut - inner),
                           .next = bpf_htonl(PROTOCOL_ICMPV6)};
  __u32 total = sum(&pseudo, sizeof pseudo, (__u16)~old.icmp.checksum);
  old.icmp.checksum = 0;
  /* A fragment header that is not there is zero. */
  total = bpf_csum_diff((__be32*)&old, sizeof old, (__be32*)&new, sizeof new, total);
  if (options) {
    total = add(total, ~sum_packet(skb, at + sizeof old, options));
  }
  if (cut != end) {
    total = add(total, ~sum_packet(skb, cut, end - cut));
  }
  __u32 visible = cut - inner < rest ? cut - inner : rest;
  outcome = patch_inner_for_ipv6(skb, inner, visible, rest, &old, &new, &total);
  if (outcome) {
    return outcome;
  }
  new.icmp.checksum = ~fold(total);
  out->payload = bpf_htons(size + cut - inner);
  if ((cut != end && bpf_skb_change_tail(skb, parameters.layer3 + cut, 0)) ||
      resize(skb, ETH_P_IPV6,
             (__s32)(IPV6_HEADER + size) - (__s32)(inner + IPV6_HEADER - IPV4_HEADER)) ||
      store(skb, 0, out, sizeof *out) ||
      store(skb, IPV6_HEADER, &new, sizeof new - FRAGMENT_HEADER) ||
      (size == sizeof new &&
       store(skb, IPV6_HEADER + sizeof new - FRAGMENT_HEADER, &new.fragment, FRAGMENT_HEADER))) {
    return CW_VIA6_KERNEL;
  }
  return CW_VIA6_TRANSLATED;
}
