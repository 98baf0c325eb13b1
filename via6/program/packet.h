/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "via6/program/parameters.h"

/* What both directions need: headers, addresses, checksums, and changing the length of a packet's
 * front. Offsets count from the IP header; nothing here assumes a byte order.
 *
 * A checksum is never computed anew but corrected by what changed (RFC 1624), so a packet that was
 * damaged on its way is as damaged afterwards, and its receiver sees it. */

#define INLINE static __always_inline

struct address6 {
  __be32 word[4];
};

struct ipv4 {
  __u8 version_ihl;
  __u8 class;
  __be16 length;
  __be16 id;
  __be16 fragment;
  __u8 ttl;
  __u8 protocol;
  __sum16 checksum;
  __be32 source;
  __be32 destination;
};

struct ipv6 {
  __be32 version_class_flow;
  __be16 payload;
  __u8 next;
  __u8 hop_limit;
  struct address6 source;
  struct address6 destination;
};

struct fragment6 {
  __u8 next;
  __u8 reserved;
  __be16 offset;
  __be32 id;
};

struct icmp {
  __u8 type;
  __u8 code;
  __sum16 checksum;
  __u8 rest[4];
};

/* What a checksum of IPv6 covers before the payload (RFC 8200 section 8.1). */
struct pseudo6 {
  struct address6 source;
  struct address6 destination;
  __be32 length;
  __be32 next;
};

enum protocol {
  PROTOCOL_HOP_OPTIONS = 0,
  PROTOCOL_ICMP = 1,
  PROTOCOL_TCP = 6,
  PROTOCOL_UDP = 17,
  PROTOCOL_ROUTING = 43,
  PROTOCOL_FRAGMENT = 44,
  PROTOCOL_AUTHENTICATION = 51,
  PROTOCOL_ICMPV6 = 58,
  PROTOCOL_DESTINATION_OPTIONS = 60,
  PROTOCOL_MOBILITY = 135,
  PROTOCOL_HIP = 139,
  PROTOCOL_SHIM6 = 140,
};

enum icmp_type {
  ICMP_ECHO_REPLY = 0,
  ICMP_UNREACHABLE = 3,
  ICMP_ECHO = 8,
  ICMP_TIME_EXCEEDED = 11,
  ICMP_PARAMETER_PROBLEM = 12,
};

enum icmpv6_type {
  ICMPV6_UNREACHABLE = 1,
  ICMPV6_TOO_BIG = 2,
  ICMPV6_TIME_EXCEEDED = 3,
  ICMPV6_PARAMETER_PROBLEM = 4,
  ICMPV6_ECHO = 128,
  ICMPV6_ECHO_REPLY = 129,
};

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define FRAGMENT_HEADER 8
#define ICMP_HEADER 8
#define TCP_HEADER 20
#define TCP_CHECKSUM 16
#define UDP_HEADER 8
#define UDP_CHECKSUM 6
#define IPV6_MINIMUM_MTU 1280

#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_OFFSET 0x1fff

/* IPv4 packets longer than this carry DF, shorter ones may be fragmented (RFC 7915 section 5.1). */
#define LONGEST_FRAGMENTABLE (IPV6_MINIMUM_MTU - IPV6_HEADER + IPV4_HEADER)

/* Set by the loader. volatile: this compiler must not fold them, the kernel's verifier does. */
const volatile struct cw_via6_parameters parameters SEC(".rodata.via6");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, CW_VIA6_COUNTERS);
  __type(key, __u32);
  __type(value, __u64);
} via6_counters SEC(".maps");

INLINE void count(__u32 counter) {
  __u64* packets = bpf_map_lookup_elem(&via6_counters, &counter);
  if (packets) {
    ++*packets;
  }
}

INLINE int load(struct __sk_buff* skb, __u32 at, void* to, __u32 size) {
  return bpf_skb_load_bytes(skb, parameters.layer3 + at, to, size);
}

INLINE int store(struct __sk_buff* skb, __u32 at, const void* from, __u32 size) {
  return bpf_skb_store_bytes(skb, parameters.layer3 + at, from, size, 0);
}

/* `value`, of which the verifier knows nothing from here on. It follows every way through a program
 * on which it knows something else, so ways that meet again must know the same. */
INLINE __u32 forget(struct __sk_buff* skb, __u32 value) {
  __u32 unknown = skb->len;
  asm volatile("" : "+r"(unknown));
  value ^= unknown;
  asm volatile("" : "+r"(value));
  return value ^ unknown;
}

INLINE __u32 sum(const void* bytes, __u32 size, __u32 seed) {
  return bpf_csum_diff(0, 0, (__be32*)bytes, size, seed);
}

INLINE __u32 sum_without(const void* bytes, __u32 size, __u32 seed) {
  return bpf_csum_diff((__be32*)bytes, size, 0, 0, seed);
}

INLINE __u32 add(__u32 sum, __u32 more) {
  __u64 both = (__u64)sum + more;
  return (__u32)both + (__u32)(both >> 32);
}

INLINE __u16 fold(__u32 sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

/* Bytes summed at once: the stack has 512. */
#define CHUNK 64

/* Sum of `size` bytes of the packet; the most is CW_VIA6_LONGEST_SUM, and no more is summed. The
 * sizes of what is loaded are constants: of another size the verifier would want to know how it
 * came to be, on every way that leads here. */
static __noinline __u32 sum_packet(struct __sk_buff* skb, __u32 at, __u32 size) {
  __u32 total = 0;
  __u8 chunk[CHUNK] __attribute__((aligned(4)));
  for (int i = 0; i < CW_VIA6_LONGEST_SUM / CHUNK && size >= CHUNK; ++i) {
    if (load(skb, at, chunk, CHUNK)) {
      return total;
    }
    total = sum(chunk, CHUNK, total);
    at += CHUNK;
    size -= CHUNK;
  }
#pragma unroll
  for (__u32 part = CHUNK / 2; part; part /= 2) {
    if (size & part) {
      *(__u32*)chunk = 0;
      if (load(skb, at, chunk, part)) {
        return total;
      }
      total = sum(chunk, part < 4 ? 4 : part, total);
      at += part;
    }
  }
  return total;
}

INLINE int is_twin(const struct address6* address) {
  return address->word[0] == parameters.ula[0] && address->word[1] == parameters.ula[1] &&
         address->word[2] == parameters.ula[2] &&
         (address->word[3] & parameters.mask) == parameters.block;
}

INLINE int is_image(__be32 address) {
  return (address & parameters.mask) == parameters.image;
}

INLINE __be32 image_of(const struct address6* twin) {
  return parameters.image | (twin->word[3] & ~parameters.mask);
}

INLINE void set_twin(struct address6* to, __be32 overlay) {
  to->word[0] = parameters.ula[0];
  to->word[1] = parameters.ula[1];
  to->word[2] = parameters.ula[2];
  to->word[3] = overlay;
}

INLINE void set_via(struct address6* to, __be32 address) {
  to->word[0] = parameters.via[0];
  to->word[1] = parameters.via[1];
  to->word[2] = parameters.site;
  to->word[3] = address;
}

INLINE int equal(const struct address6* a, const struct address6* b) {
  return a->word[0] == b->word[0] && a->word[1] == b->word[1] && a->word[2] == b->word[2] &&
         a->word[3] == b->word[3];
}

/* This host, loopback, link-local, multicast and reserved (RFC 6890): never translated. */
INLINE int is_never(__be32 address) {
  __u32 host = bpf_ntohl(address);
  return host >> 24 == 0 || host >> 24 == 127 || host >> 16 == 0xa9fe || host >> 29 == 7;
}

/* Without a branch in it, or the verifier would follow each of the thousand ways through it. */
INLINE int is_routed(__be32 address) {
  __u64 host = bpf_ntohl(address);
  __u32 found = 0;
#pragma unroll
  for (__u32 step = CW_VIA6_RANGES / 2; step; step /= 2) {
    __u32 probe = (found + step) & (CW_VIA6_RANGES - 1);
    __u64 before =
        (__u64)parameters.ranges[probe].first - host - 1; /* negative: starts at or before */
    before >>= 63;
    asm volatile("" : "+r"(before));
    found += step * (__u32)before;
  }
  found &= CW_VIA6_RANGES - 1;
  return parameters.ranges[found].first <= host && host <= parameters.ranges[found].last;
}

/* Changes the IP version, and the length of what is before the payload by what that alone does not
 * do (20 bytes); the caller then writes all of it. Whole GSO packets stay whole. */
INLINE int resize(struct __sk_buff* skb, __u16 protocol, __s32 more) {
  if (bpf_skb_change_proto(skb, bpf_htons(protocol), 0)) {
    return -1;
  }
  return more == 0 ? 0 : bpf_skb_adjust_room(skb, more, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO);
}
