// SPDX-License-Identifier: Apache-2.0
#include "via6/parameters.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>
#include <sodium.h>

#include "via6/program/elf.h"
#include "via6/program/parameters.h"

namespace cw::via6 {

namespace {

constexpr std::uint32_t kSmallestMtu = 1280;  // RFC 8200 section 5
constexpr std::uint32_t kLargestMtu = 65535;
constexpr std::size_t kDigestSize = 16;
constexpr cw_via6_range kNothing = {.first = 0xffffffff, .last = 0};

// Words of an address in network order, as they are on the wire.
template <std::size_t Words>
void copy_words(std::uint32_t (&to)[Words], const net::Ip& from) {
  std::memcpy(to, from.bytes().data(), sizeof to);
}

std::uint32_t network_order(const net::Ip& ipv4) {
  std::uint32_t word = 0;
  std::memcpy(&word, ipv4.bytes().data(), sizeof word);
  return word;
}

// Sorted, and what overlaps or touches made one.
std::vector<cw_via6_range> ranges_of(const std::vector<net::Prefix>& routes) {
  std::vector<cw_via6_range> all;
  for (const auto& route : routes) {
    if (route.is_v4()) {
      all.push_back({.first = route.address().low32(), .last = route.last().low32()});
    }
  }
  std::ranges::sort(all, {}, &cw_via6_range::first);
  std::vector<cw_via6_range> merged;
  for (const auto& range : all) {
    if (!merged.empty() && std::uint64_t{merged.back().last} + 1 >= range.first) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

}  // namespace

Result<std::vector<std::uint8_t>> constants(const Parameters& parameters, Framing framing) {
  if (parameters.via_prefix.is_v4() || parameters.via_prefix.length() != net::kViaPrefixLength) {
    return Error::invalid(fmt::format("a via prefix is an IPv6 /{}, not {}", net::kViaPrefixLength,
                                      parameters.via_prefix.to_text()));
  }
  if (parameters.mtu < kSmallestMtu || parameters.mtu > kLargestMtu) {
    return Error::invalid(fmt::format("4via6 needs an MTU from {} to {}, not {}", kSmallestMtu,
                                      kLargestMtu, parameters.mtu));
  }
  const auto ranges = ranges_of(parameters.routes);
  if (ranges.size() > CW_VIA6_RANGES) {
    return Error::invalid(fmt::format("a translator holds {} ranges of routes, and the site has {}",
                                      CW_VIA6_RANGES, ranges.size()));
  }
  cw_via6_parameters made{};
  made.layer3 = static_cast<std::uint32_t>(framing);
  made.mtu = parameters.mtu;
  copy_words(made.via, parameters.via_prefix.address());
  std::array<std::uint32_t, 4> site_via{};
  std::memcpy(site_via.data(),
              net::site_via(parameters.via_prefix, parameters.site).address().bytes().data(),
              sizeof site_via);
  made.site = site_via[2];
  copy_words(made.ula, parameters.ula.address());
  const auto& block = parameters.block.ipv4();
  made.block = network_order(block.address());
  made.mask = network_order(net::Ip::v4(0xffffffff).masked(block.length()));
  made.image = network_order(parameters.block.image().address());
  made.gateway = network_order(parameters.gateway);
  std::ranges::fill(made.ranges, kNothing);
  std::ranges::copy(ranges, std::begin(made.ranges));
  std::vector<std::uint8_t> bytes(sizeof made);
  std::memcpy(bytes.data(), &made, sizeof made);
  return bytes;
}

Result<std::string> digest(const Parameters& parameters) {
  const auto bytes = CW_TRY(constants(parameters, Framing::None));
  const auto elf = program_elf();
  crypto_generichash_state state;
  std::array<std::uint8_t, kDigestSize> hash{};
  crypto_generichash_init(&state, nullptr, 0, hash.size());
  crypto_generichash_update(&state, elf.data(), elf.size());
  crypto_generichash_update(&state, bytes.data(), bytes.size());
  crypto_generichash_final(&state, hash.data(), hash.size());
  std::string text;
  for (const auto byte : hash) {
    text += fmt::format("{:02x}", byte);
  }
  return text;
}

}  // namespace cw::via6
