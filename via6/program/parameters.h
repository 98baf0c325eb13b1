/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#pragma once

#include <linux/types.h>

/* What the programs and their loader share: the constants that are set before a load, and what is
 * counted. Addresses are in network order, everything else in the machine's own. */
/* NOLINTBEGIN(readability-identifier-naming): C, named as C is. */

/* Ranges of addresses that a site's routes come to. A search takes as many steps as this is a power
 * of two; network/limits.h allows 1000 routes. */
#define CW_VIA6_RANGES 1024

/* Extension headers of one IPv6 packet. RFC 8200 section 4.1 knows of six, one of them twice. */
#define CW_VIA6_EXTENSIONS 8

/* UDP over IPv4 without a checksum: longer datagrams are dropped, for IPv6 needs one and summing
 * costs time. A jumbo frame of AWS and of common switches fits. */
#define CW_VIA6_LONGEST_SUM 9216

/* Both ends in host order, both inclusive. */
struct cw_via6_range {
  __u32 first;
  __u32 last;
};

struct cw_via6_parameters {
  __u32 layer3;  /* bytes before the IP header: 0 on a device without link layer, 14 on Ethernet */
  __u32 mtu;     /* of the device */
  __be32 via[2]; /* the via prefix, a /64 */
  __be32 site;
  __be32 ula[3];  /* what a twin begins with */
  __be32 block;   /* overlay addresses of the gateway's peers */
  __be32 mask;    /* of block and image alike */
  __be32 image;   /* the same peers, as IPv4 sees their translated packets */
  __be32 gateway; /* its overlay address, the source of its own ICMP errors */
  /* Sorted, disjoint, filled up with ranges that hold nothing: 0xffffffff to 0. */
  struct cw_via6_range ranges[CW_VIA6_RANGES];
};

/* What became of a packet that was for a translator. The order is the map's, and only grows. */
enum cw_via6_outcome {
  CW_VIA6_TRANSLATED,
  CW_VIA6_TRUNCATED,     /* ends before its headers say so */
  CW_VIA6_MALFORMED,     /* a header that contradicts itself */
  CW_VIA6_OTHER_SITE,    /* to another site's id */
  CW_VIA6_NEVER,         /* multicast, loopback, link-local, metadata or reserved address */
  CW_VIA6_NO_ROUTE,      /* to or from an address outside the site's routes */
  CW_VIA6_NO_PEER,       /* from or to an address outside the gateway's block */
  CW_VIA6_EXTENSION,     /* too many extension headers, or one in a wrong place */
  CW_VIA6_SOURCE_ROUTE,  /* a routing header or source route that is not used up */
  CW_VIA6_PROTOCOL,      /* a protocol that means another thing in the other IP */
  CW_VIA6_ICMP_FRAGMENT, /* its checksum covers what is not here (RFC 7915 section 1.2) */
  CW_VIA6_ICMP_TYPE,     /* has no counterpart */
  CW_VIA6_NO_CHECKSUM,   /* UDP without one that cannot be given one: a fragment, or too long */
  CW_VIA6_TOO_LONG,      /* would be over 65535 bytes */
  CW_VIA6_INNER_BROKEN,  /* an error about something that is no packet, or cut too short */
  CW_VIA6_INNER_ERROR,   /* an error about an error */
  CW_VIA6_INNER_ADDRESS, /* an error about a packet that its receiver did not send */
  CW_VIA6_KERNEL,        /* the kernel refused a change of the packet */
  CW_VIA6_OUTCOMES,
};

/* Index into the map of counters: those of packets from the tunnel, then those to it. */
#define CW_VIA6_COUNTERS (2 * CW_VIA6_OUTCOMES)
/* NOLINTEND(readability-identifier-naming) */
