// SPDX-License-Identifier: Apache-2.0
#include "via6/counters.h"

namespace cw::via6 {

namespace {

struct Text {
  std::string_view name;
  std::string_view meaning;
};

// In the order of cw_via6_outcome.
// NOLINTBEGIN(modernize-use-designated-initializers): a table, its columns are the fields of Text
constexpr std::array<Text, kOutcomes> kTexts = {{
    {"translated", "translated"},
    {"truncated", "ends before its headers say so"},
    {"malformed", "a header that contradicts itself"},
    {"other_site", "to another site's id"},
    {"never", "multicast, loopback, link-local, metadata or reserved address"},
    {"no_route", "to or from an address outside the site's routes"},
    {"no_peer", "from or to an address outside the gateway's block"},
    {"extension", "too many IPv6 extension headers, or one in a wrong place"},
    {"source_route", "a source route or routing header that is not used up"},
    {"protocol", "a protocol that means another thing in the other IP"},
    {"icmp_fragment", "a fragment of an ICMP message"},
    {"icmp_type", "an ICMP message that has no counterpart"},
    {"no_checksum", "UDP without a checksum, in fragments or too long to compute one"},
    {"too_long", "would be over 65535 bytes"},
    {"inner_broken", "an ICMP error about something that is no packet"},
    {"inner_error", "an ICMP error about an ICMP error"},
    {"inner_address", "an ICMP error about a packet that its receiver did not send"},
    {"kernel", "the kernel refused to change the packet"},
}};
// NOLINTEND(modernize-use-designated-initializers)

}  // namespace

std::string_view name(std::size_t outcome) {
  return outcome < kTexts.size() ? kTexts[outcome].name : "unknown";
}

std::string_view meaning(std::size_t outcome) {
  return outcome < kTexts.size() ? kTexts[outcome].meaning : "unknown";
}

}  // namespace cw::via6
