/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include "via6/program/icmp_to_ipv4.h"

/* IPv6 to IPv4, RFC 7915 section 5: what a peer sends to an address of the site. */

/* An echo at chain->at: another type, and no pseudo-header any more. */
INLINE int patch_echo_for_ipv4(struct __sk_buff* skb, const struct ipv6* ip, struct icmp* echo,
                               __u32 at, __u32 end) {
  struct pseudo6 pseudo = {.source = ip->source,
                           .destination = ip->destination,
                           .length = bpf_htonl(end - at),
                           .next = bpf_htonl(PROTOCOL_ICMPV6)};
  __u32 total = sum_without(&pseudo, sizeof pseudo, (__u16)~echo->checksum);
  echo->checksum = 0;
  total = sum_without(echo, 4, total);
  echo->type = echo->type == ICMPV6_ECHO ? ICMP_ECHO : ICMP_ECHO_REPLY;
  total = sum(echo, 4, total);
  echo->checksum = ~fold(total);
  return store(skb, at, echo, 4) ? CW_VIA6_KERNEL : CW_VIA6_TRANSLATED;
}

INLINE int patch_transport_for_ipv4(struct __sk_buff* skb, const struct ipv6* ip,
                                    const struct ipv4* out, const struct chain* chain, __u32 end) {
  __u32 at = chain->at + TCP_CHECKSUM;
  __u64 flags = BPF_F_PSEUDO_HDR;
  if (chain->next == PROTOCOL_UDP) {
    at = chain->at + UDP_CHECKSUM;
    flags |= BPF_F_MARK_MANGLED_0;
  }
  if (chain->at + (chain->next == PROTOCOL_UDP ? UDP_HEADER : TCP_HEADER) > end) {
    return CW_VIA6_TRUNCATED;
  }
  __s64 change = bpf_csum_diff((__be32*)&ip->source, 32, (__be32*)&out->source, 8, 0);
  return bpf_l4_csum_replace(skb, parameters.layer3 + at, 0, change, flags) ? CW_VIA6_KERNEL
                                                                            : CW_VIA6_TRANSLATED;
}

/* Of an IPv6 packet to the via prefix. */
INLINE int translate_to_ipv4(struct __sk_buff* skb, const struct ipv6* ip) {
  __u32 end = IPV6_HEADER + bpf_ntohs(ip->payload);
  if (bpf_ntohl(ip->version_class_flow) >> 28 != 6) {
    return CW_VIA6_MALFORMED;
  }
  if (skb->len < parameters.layer3 + end) {
    return CW_VIA6_TRUNCATED;
  }
  if (ip->destination.word[2] != parameters.site) {
    return CW_VIA6_OTHER_SITE;
  }
  struct ipv4 out = {.destination = ip->destination.word[3]};
  if (is_never(out.destination)) {
    return CW_VIA6_NEVER;
  }
  if (!is_routed(out.destination)) {
    return CW_VIA6_NO_ROUTE;
  }
  if (!is_twin(&ip->source)) {
    return CW_VIA6_NO_PEER;
  }
  out.source = image_of(&ip->source);
  struct chain chain = {};
  int outcome = follow(skb, IPV6_HEADER, end, ip->next, &chain);
  if (outcome) {
    return outcome;
  }
  if (chain.next == PROTOCOL_ICMP) {
    return CW_VIA6_PROTOCOL;
  }
  if (end - chain.at > 0xffff - IPV4_HEADER) {
    return CW_VIA6_TOO_LONG;
  }
  if (chain.next == PROTOCOL_ICMPV6) {
    struct icmp icmp = {};
    if (is_part(&chain)) {
      return CW_VIA6_ICMP_FRAGMENT;
    }
    if (chain.at + sizeof icmp > end || load(skb, chain.at, &icmp, sizeof icmp)) {
      return CW_VIA6_TRUNCATED;
    }
    if (icmp.type != ICMPV6_ECHO && icmp.type != ICMPV6_ECHO_REPLY) {
      return icmp_error_to_ipv4(skb, ip, chain.at, end, &out, &chain);
    }
    outcome = patch_echo_for_ipv4(skb, ip, &icmp, chain.at, end);
  } else if (is_first(&chain) && (chain.next == PROTOCOL_TCP || chain.next == PROTOCOL_UDP)) {
    outcome = patch_transport_for_ipv4(skb, ip, &out, &chain, end);
  }
  if (outcome) {
    return outcome;
  }
  make_ipv4(&out, ip, &chain, end - chain.at);
  if (!chain.fragment && !out.fragment) {
    out.id = bpf_get_prandom_u32(); /* may be fragmented, so it needs one (RFC 6864) */
  }
  seal_ipv4(&out);
  if (resize(skb, ETH_P_IP, IPV6_HEADER - (__s32)chain.at) || store(skb, 0, &out, sizeof out)) {
    return CW_VIA6_KERNEL;
  }
  return CW_VIA6_TRANSLATED;
}
