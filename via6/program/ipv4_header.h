/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include "via6/program/ipv6_chain.h"

/* What an IPv4 packet has before its payload, and the IPv6 headers that it becomes (RFC 7915
 * section 4.1). */

#define OPTION_END 0
#define OPTION_NONE 1
#define OPTION_LOOSE_ROUTE 131
#define OPTION_STRICT_ROUTE 137
#define LONGEST_OPTIONS 40

/* Options are left out, an unfinished route is not (RFC 7915 section 4.1). */
INLINE int read_options(struct __sk_buff* skb, __u32 end) {
  __u32 at = IPV4_HEADER;
  for (int i = 0; i < LONGEST_OPTIONS && at < end; ++i) {
    __u8 option[3] = {}; /* kind, length, pointer */
    if (load(skb, at, option, 1)) {
      return CW_VIA6_TRUNCATED;
    }
    if (option[0] == OPTION_END) {
      break;
    }
    __u32 size = 1;
    if (option[0] != OPTION_NONE) {
      if (at + 2 > end || load(skb, at, option, 2)) {
        return CW_VIA6_MALFORMED;
      }
      size = option[1];
      if (size < 2 || at + size > end) {
        return CW_VIA6_MALFORMED;
      }
      if (option[0] == OPTION_LOOSE_ROUTE || option[0] == OPTION_STRICT_ROUTE) {
        if (size < 3 || load(skb, at, option, 3)) {
          return CW_VIA6_MALFORMED;
        }
        if (option[2] <= size) {
          return CW_VIA6_SOURCE_ROUTE;
        }
      }
    }
    at =
        (at + size) & 63; /* no more than 60 anyway; so the verifier sees one state, not hundreds */
  }
  return CW_VIA6_TRANSLATED;
}

/* What a site's host has no reason to send, and IPv6 would read as its own headers. */
INLINE int is_of_ipv6(__u8 protocol) {
  return protocol == PROTOCOL_ICMPV6 ||
         (protocol != PROTOCOL_AUTHENTICATION && is_extension(protocol));
}

INLINE __u16 fragment_field(const struct ipv4* header) {
  return bpf_ntohs(header->fragment) & (IPV4_MORE_FRAGMENTS | IPV4_OFFSET);
}

INLINE __u32 length_of_header(const struct ipv4* header) {
  return (header->version_ihl & 0xf) * 4;
}

/* `payload`: bytes behind the IPv4 header. A fragment's header goes into `fragment`. */
INLINE void make_ipv6(struct ipv6* to, struct fragment6* fragment, const struct ipv4* from,
                      __u32 payload) {
  __u8 next = from->protocol == PROTOCOL_ICMP ? PROTOCOL_ICMPV6 : from->protocol;
  to->version_class_flow = bpf_htonl(0x60000000 | (__u32)from->class << 20);
  to->hop_limit = from->ttl;
  to->next = next;
  __u16 field = fragment_field(from);
  if (field) {
    fragment->next = next;
    fragment->offset =
        bpf_htons((field & IPV4_OFFSET) << 3 | (field & IPV4_MORE_FRAGMENTS ? FRAGMENT6_MORE : 0));
    fragment->id = bpf_htonl(bpf_ntohs(from->id));
    to->next = PROTOCOL_FRAGMENT;
    payload += FRAGMENT_HEADER;
  }
  to->payload = bpf_htons(payload);
}
