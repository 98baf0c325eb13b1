// SPDX-License-Identifier: Apache-2.0
// translator FOLDER DEVICE attach VIA SITE ULA BLOCK GATEWAY MTU ROUTE...
// translator FOLDER DEVICE show|detach|counters
//
// A translator on a device, by the product's own sink; FOLDER is one of a bpf file system.
#include "via6/tc/translator.h"

#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace {

using cw::Result;

Result<cw::via6::Parameters> parameters(std::span<char*> words) {
  cw::via6::Parameters made;
  made.via_prefix = CW_TRY(cw::net::Prefix::parse(words[0]));
  made.site.value = static_cast<std::uint16_t>(std::strtoul(words[1], nullptr, 10));
  made.ula = CW_TRY(cw::net::Prefix::parse(words[2]));
  const auto block = CW_TRY(cw::net::Prefix::parse(words[3]));
  made.block = CW_TRY(cw::net::Block::from(block));
  made.gateway = CW_TRY(cw::net::Ip::parse(words[4]));
  made.mtu = static_cast<std::uint32_t>(std::strtoul(words[5], nullptr, 10));
  for (const auto* route : words.subspan(6)) {
    made.routes.push_back(CW_TRY(cw::net::Prefix::parse(route)));
  }
  return made;
}

void print(const char* direction, const cw::via6::Counts& counts) {
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) {
      fmt::print("{} {} {}\n", direction, cw::via6::name(i), counts[i]);
    }
  }
}

Result<> run(std::span<char*> words) {
  auto tc = CW_TRY(cw::via6::Tc::open(words[0]));
  const std::string device = words[1];
  const std::string_view verb = words[2];
  if (verb == "attach" && words.size() > 9) {
    const auto made = CW_TRY(parameters(words.subspan(3)));
    return tc.attach(device, made);
  }
  if (verb == "detach") {
    return tc.detach(device);
  }
  if (verb == "counters") {
    const auto counters = CW_TRY(tc.counters(device));
    print("from-tunnel", counters.from_tunnel);
    print("to-tunnel", counters.to_tunnel);
    return {};
  }
  const auto found = CW_TRY(tc.attached(device));
  fmt::print("{} {}\n", found.from_tunnel, found.to_tunnel);
  return {};
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) {
    fmt::print(stderr, "translator FOLDER DEVICE attach|show|detach|counters ...\n");
    return 2;
  }
  const auto done = run(std::span(words, static_cast<std::size_t>(count)).subspan(1));
  if (!done) {
    fmt::print(stderr, "{}\n", done.error().to_text());
    return 1;
  }
  return 0;
}
