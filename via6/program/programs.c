// SPDX-License-Identifier: MIT OR GPL-2.0-only
#include "via6/program/from_tunnel.h"
#include "via6/program/to_tunnel.h"

/* The two programs of a device. What is not for a translator passes untouched, first thing. */

char programs_license[] SEC("license") = "Dual MIT/GPL";

INLINE int verdict(__u32 first_counter, int outcome) {
  count(first_counter + outcome);
  return outcome == CW_VIA6_TRANSLATED ? TC_ACT_OK : TC_ACT_SHOT;
}

SEC("tc")

int cw_from_tunnel(struct __sk_buff* skb) {
  struct ipv6 ip = {};
  if (skb->protocol != bpf_htons(ETH_P_IPV6) || load(skb, 0, &ip, sizeof ip) ||
      ip.destination.word[0] != parameters.via[0] || ip.destination.word[1] != parameters.via[1]) {
    return TC_ACT_UNSPEC;
  }
  return verdict(0, translate_to_ipv4(skb, &ip));
}

SEC("tc")

int cw_to_tunnel(struct __sk_buff* skb) {
  struct ipv4 ip = {};
  if (skb->protocol != bpf_htons(ETH_P_IP) || load(skb, 0, &ip, sizeof ip) ||
      bpf_ntohl(ip.destination) >> 28 != 0xf) {
    return TC_ACT_UNSPEC;
  }
  return verdict(CW_VIA6_OUTCOMES, translate_to_ipv6(skb, &ip));
}
