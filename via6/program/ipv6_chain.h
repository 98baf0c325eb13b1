/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include "via6/program/packet.h"

/* What an IPv6 packet has before its payload, and the IPv4 header that it becomes (RFC 7915
 * section 5.1). */

/* Where the headers that IPv4 does not have end. */
struct chain {
  __u32 at;      /* of what comes behind them */
  __be32 id;     /* of the fragment */
  __u16 offset;  /* the fragment header's field: offset, two reserved bits, more */
  __u8 next;     /* what comes behind them */
  __u8 fragment; /* there is a fragment header */
};

#define FRAGMENT6_MORE 1

INLINE int is_part(const struct chain* chain) {
  return chain->fragment && ((chain->offset >> 3) || (chain->offset & FRAGMENT6_MORE));
}

INLINE int is_first(const struct chain* chain) {
  return !chain->fragment || !(chain->offset >> 3);
}

/* Those that may not come behind a fragment header (RFC 7915 section 5.1.1). */
INLINE int is_extension(__u8 next) {
  switch (next) {
    case PROTOCOL_HOP_OPTIONS:
    case PROTOCOL_ROUTING:
    case PROTOCOL_FRAGMENT:
    case PROTOCOL_AUTHENTICATION:
    case PROTOCOL_DESTINATION_OPTIONS:
    case PROTOCOL_MOBILITY:
    case PROTOCOL_HIP:
    case PROTOCOL_SHIM6:
      return 1;
    default:
      return 0;
  }
}

/* Options are ignored, an unfinished route is not (RFC 7915 section 5.1). */
INLINE int follow_each(struct __sk_buff* skb, __u32 at, __u32 end, __u8 next, struct chain* chain) {
  for (int i = 0; i <= CW_VIA6_EXTENSIONS; ++i) {
    if (next != PROTOCOL_HOP_OPTIONS && next != PROTOCOL_ROUTING && next != PROTOCOL_FRAGMENT &&
        next != PROTOCOL_DESTINATION_OPTIONS) {
      chain->at = at;
      chain->next = next;
      return CW_VIA6_TRANSLATED;
    }
    if (i == CW_VIA6_EXTENSIONS || (next == PROTOCOL_HOP_OPTIONS && i != 0)) {
      return CW_VIA6_EXTENSION;
    }
    struct fragment6 header = {};
    if (at + sizeof header > end || load(skb, at, &header, sizeof header)) {
      return CW_VIA6_TRUNCATED;
    }
    if (next == PROTOCOL_FRAGMENT) {
      chain->fragment = 1;
      chain->offset = bpf_ntohs(header.offset);
      chain->id = header.id;
      chain->at = at + sizeof header;
      chain->next = header.next;
      return is_extension(header.next) ? CW_VIA6_EXTENSION : CW_VIA6_TRANSLATED;
    }
    if (next == PROTOCOL_ROUTING && bpf_ntohs(header.offset) & 0xff) { /* segments left */
      return CW_VIA6_SOURCE_ROUTE;
    }
    next = header.next;
    at += (header.reserved + 1) * 8; /* length, in these headers */
    if (at > end) {
      return CW_VIA6_TRUNCATED;
    }
  }
  return CW_VIA6_EXTENSION;
}

INLINE int follow(struct __sk_buff* skb, __u32 at, __u32 end, __u8 next, struct chain* chain) {
  int outcome = follow_each(skb, at, end, next, chain);
  chain->at = forget(skb, chain->at);
  chain->id = forget(skb, chain->id);
  chain->offset = forget(skb, chain->offset);
  chain->next = forget(skb, chain->next);
  chain->fragment = forget(skb, chain->fragment);
  return forget(skb, outcome);
}

/* All but addresses and checksum. `payload`: bytes behind the IPv4 header. */
INLINE void make_ipv4(struct ipv4* to, const struct ipv6* from, const struct chain* chain,
                      __u32 payload) {
  __u32 length = payload + IPV4_HEADER;
  __u32 first = bpf_ntohl(from->version_class_flow);
  to->version_ihl = 0x45;
  to->class = first >> 20;
  to->length = bpf_htons(length);
  to->ttl = from->hop_limit;
  to->protocol = chain->next == PROTOCOL_ICMPV6 ? PROTOCOL_ICMP : chain->next;
  if (chain->fragment) {
    __u16 more = chain->offset & FRAGMENT6_MORE ? IPV4_MORE_FRAGMENTS : 0;
    to->fragment = bpf_htons(chain->offset >> 3 | more);
    to->id = bpf_htons(bpf_ntohl(chain->id));
  } else {
    to->fragment = length > LONGEST_FRAGMENTABLE ? bpf_htons(IPV4_DONT_FRAGMENT) : 0;
    to->id = 0;
  }
}

INLINE void seal_ipv4(struct ipv4* header) {
  header->checksum = 0;
  header->checksum = ~fold(sum(header, sizeof *header, 0));
}
