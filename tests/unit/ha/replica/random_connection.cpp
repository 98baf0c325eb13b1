// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/ha/replica/random_connection.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>

namespace cw::ha::replica {

netlink::Connection told(std::uint16_t number, std::uint32_t look) {
  const auto ip = [&](const char* v4, const char* v6) {
    return *net::Ip::parse(number % 3 == 2 ? v6 : v4);
  };
  const bool udp = number % 5 == 4;
  netlink::Connection made{
      .id = {.original = {.source = ip("100.64.0.5", "fd64::5"),
                          .destination = ip("10.1.0.5", "fd10::5"),
                          .source_port = number,
                          .destination_port = 5432},
             .protocol = static_cast<std::uint8_t>(udp ? IPPROTO_UDP : IPPROTO_TCP),
             .zone = static_cast<std::uint16_t>(number % 7 == 6 ? 3 : 0)},
      .status = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED,
      .mark = look & 4U,
      .timeout = 60 + look % 8 * 10'000};
  made.reply = inverse(made.id.original);
  if ((look & 1U) != 0) {
    made.reply.destination = ip("10.1.0.10", "fd10::10");
    made.reply.destination_port = static_cast<std::uint16_t>(number + (look & 8U));
  }
  if ((look & 2U) != 0) {
    made.reply.source = ip("10.1.0.6", "fd10::6");
  }
  if (!udp) {
    made.tcp_state = (look & 16U) != 0 ? TCP_CONNTRACK_CLOSE_WAIT : TCP_CONNTRACK_ESTABLISHED;
    made.original_end = {.scale = 7, .flags = 0x3f};
    made.reply_end = {.scale = 9, .flags = IP_CT_TCP_FLAG_SACK_PERM};
  }
  return made;
}

}  // namespace cw::ha::replica
