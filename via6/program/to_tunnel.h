/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include "via6/program/icmp_to_ipv6.h"

/* IPv4 to IPv6, RFC 7915 section 4: what the site answers to a peer's image. */

/* A router on the way whose address means nothing elsewhere still has to be heard: the dummy
 * address (RFC 7600 section 4.8), 192.0.0.8. */
#define DUMMY 0xc0000008

INLINE int patch_echo_for_ipv6(struct __sk_buff* skb, const struct ipv6* out, struct icmp* echo,
                               __u32 at, __u32 end) {
  struct pseudo6 pseudo = {.source = out->source,
                           .destination = out->destination,
                           .length = bpf_htonl(end - at),
                           .next = bpf_htonl(PROTOCOL_ICMPV6)};
  __u32 total = sum(&pseudo, sizeof pseudo, (__u16)~echo->checksum);
  echo->checksum = 0;
  total = sum_without(echo, 4, total);
  echo->type = echo->type == ICMP_ECHO ? ICMPV6_ECHO : ICMPV6_ECHO_REPLY;
  total = sum(echo, 4, total);
  echo->checksum = ~fold(total);
  return store(skb, at, echo, 4) ? CW_VIA6_KERNEL : CW_VIA6_TRANSLATED;
}

/* UDP over IPv6 needs a checksum (RFC 8200 section 8.1), which is computed where all of the
 * datagram is here (RFC 7915 section 4.5). */
INLINE int make_udp_checksum(struct __sk_buff* skb, const struct ipv6* out, __u32 at, __u32 end) {
  __be16 field = 0;
  if (load(skb, at + 4, &field, sizeof field)) {
    return CW_VIA6_TRUNCATED;
  }
  __u32 length = bpf_ntohs(field);
  if (length < UDP_HEADER || at + length > end) {
    return CW_VIA6_MALFORMED;
  }
  if (length > CW_VIA6_LONGEST_SUM) {
    return CW_VIA6_NO_CHECKSUM;
  }
  struct pseudo6 pseudo = {.source = out->source,
                           .destination = out->destination,
                           .length = bpf_htonl(length),
                           .next = bpf_htonl(PROTOCOL_UDP)};
  __u32 total = sum(&pseudo, sizeof pseudo, sum_packet(skb, at, length));
  __sum16 checksum = ~fold(total);
  if (checksum == 0) {
    checksum = 0xffff;
  }
  return store(skb, at + UDP_CHECKSUM, &checksum, sizeof checksum) ? CW_VIA6_KERNEL
                                                                   : CW_VIA6_TRANSLATED;
}

INLINE int patch_transport_for_ipv6(struct __sk_buff* skb, const struct ipv4* ip,
                                    const struct ipv6* out, __u32 at, __u32 end) {
  __u64 flags = BPF_F_PSEUDO_HDR;
  __u32 field = at + TCP_CHECKSUM;
  if (at + (ip->protocol == PROTOCOL_UDP ? UDP_HEADER : TCP_HEADER) > end) {
    return CW_VIA6_TRUNCATED;
  }
  if (ip->protocol == PROTOCOL_UDP) {
    __sum16 checksum = 0;
    field = at + UDP_CHECKSUM;
    if (load(skb, field, &checksum, sizeof checksum)) {
      return CW_VIA6_TRUNCATED;
    }
    if (checksum == 0) {
      return fragment_field(ip) ? CW_VIA6_NO_CHECKSUM : make_udp_checksum(skb, out, at, end);
    }
    flags |= BPF_F_MARK_MANGLED_0;
  }
  __s64 change = bpf_csum_diff((__be32*)&ip->source, 8, (__be32*)&out->source, 32, 0);
  return bpf_l4_csum_replace(skb, parameters.layer3 + field, 0, change, flags) ? CW_VIA6_KERNEL
                                                                               : CW_VIA6_TRANSLATED;
}

INLINE int is_icmp_error(__u8 type) {
  return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/* Where a packet for a peer says it comes from. Errors may come from anywhere. */
INLINE int set_source(struct address6* to, __be32 source, int error) {
  if (source == parameters.gateway) {
    set_twin(to, source);
    return CW_VIA6_TRANSLATED;
  }
  if (is_never(source)) {
    if (!error) {
      return CW_VIA6_NEVER;
    }
    source = bpf_htonl(DUMMY);
  } else if (!error && !is_routed(source)) {
    return CW_VIA6_NO_ROUTE;
  }
  set_via(to, source);
  return CW_VIA6_TRANSLATED;
}

/* Of an IPv4 packet to 240.0.0.0/4. */
INLINE int translate_to_ipv6(struct __sk_buff* skb, const struct ipv4* ip) {
  __u32 at = length_of_header(ip);
  __u32 end = bpf_ntohs(ip->length);
  if (ip->version_ihl >> 4 != 4 || at < IPV4_HEADER || end < at) {
    return CW_VIA6_MALFORMED;
  }
  if (skb->len < parameters.layer3 + end) {
    return CW_VIA6_TRUNCATED;
  }
  if (!is_image(ip->destination)) {
    return CW_VIA6_NO_PEER;
  }
  if (is_of_ipv6(ip->protocol)) {
    return CW_VIA6_PROTOCOL;
  }
  struct icmp icmp = {};
  int outcome = CW_VIA6_TRANSLATED;
  int error = 0;
  if (ip->protocol == PROTOCOL_ICMP) {
    if (fragment_field(ip)) {
      return CW_VIA6_ICMP_FRAGMENT;
    }
    if (at + sizeof icmp > end || load(skb, at, &icmp, sizeof icmp)) {
      return CW_VIA6_TRUNCATED;
    }
    error = is_icmp_error(icmp.type);
  }
  struct ipv6 out = {};
  struct fragment6 fragment = {};
  set_twin(&out.destination, parameters.block | (ip->destination & ~parameters.mask));
  outcome = set_source(&out.source, ip->source, error);
  if (!outcome && at > IPV4_HEADER) {
    outcome = read_options(skb, at);
  }
  if (outcome) {
    return outcome;
  }
  make_ipv6(&out, &fragment, ip, end - at);
  if (error) {
    return icmp_error_to_ipv6(skb, ip, at, end, &out);
  }
  if (ip->protocol == PROTOCOL_ICMP) {
    if (icmp.type != ICMP_ECHO && icmp.type != ICMP_ECHO_REPLY) {
      return CW_VIA6_ICMP_TYPE;
    }
    outcome = patch_echo_for_ipv6(skb, &out, &icmp, at, end);
  } else if (!(fragment_field(ip) & IPV4_OFFSET) &&
             (ip->protocol == PROTOCOL_TCP || ip->protocol == PROTOCOL_UDP)) {
    outcome = patch_transport_for_ipv6(skb, ip, &out, at, end);
  }
  if (outcome) {
    return outcome;
  }
  __s32 front = fragment_field(ip) ? IPV6_HEADER + FRAGMENT_HEADER : IPV6_HEADER;
  if (resize(skb, ETH_P_IPV6, front - (__s32)(at + IPV6_HEADER - IPV4_HEADER)) ||
      store(skb, 0, &out, sizeof out) ||
      (fragment_field(ip) && store(skb, IPV6_HEADER, &fragment, sizeof fragment))) {
    return CW_VIA6_KERNEL;
  }
  return CW_VIA6_TRANSLATED;
}
