// SPDX-License-Identifier: Apache-2.0
// The translator's programs against the reference, packet by packet, in this kernel.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <map>

#include <linux/pkt_cls.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/kernel/namespace.h"
#include "tests/kernel/random_packets.h"
#include "tests/support/reference_translator.h"
#include "via6/counters.h"
#include "via6/tc/programs.h"

namespace cw::kernel {
namespace {

using test::Bytes;
using test::Direction;
using test::Translation;

// For each seed, of which there are four each way: 120,000 in all. In parts, since a VM that shares
// its machine is slow.
constexpr std::size_t kPackets = 15'000;
constexpr std::size_t kEthernet = 14;

via6::Parameters parameters() {
  return {.via_prefix = prefix("fd12:3456:789a:b1a::/64"),
          .site = net::SiteId{7},
          .routes = {prefix("10.0.0.0/16"), prefix("10.2.0.0/24"), prefix("10.9.8.7/32"),
                     prefix("172.31.0.0/20"), prefix("192.168.0.0/24")},
          .ula = prefix("fd12:3456:789a::/48"),
          .block = *net::Block::from(prefix("100.101.128.0/17")),
          .gateway = *net::Ip::parse("100.101.0.1"),
          .mtu = 1420};
}

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 200); ++i) {
    text += fmt::format("{:02x}{}", bytes[i], i % 4 == 3 ? " " : "");
  }
  return text;
}

class Runner {
 public:
  explicit Runner(const via6::Programs& programs) : programs_(programs) {}

  struct Ran {
    int verdict = 0;
    Bytes packet;
  };

  Ran run(Direction direction, const Bytes& packet, std::uint32_t gso_size = 0) {
    Bytes in(kEthernet);
    in[12] = direction == Direction::FromTunnel ? 0x86 : 0x08;
    in[13] = direction == Direction::FromTunnel ? 0xdd : 0x00;
    test::put_bytes(in, packet);
    Bytes out(in.size() + 256);
    __sk_buff context{};
    context.gso_size = gso_size;
    context.gso_segs = gso_size == 0 ? 0 : 3;
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.data_in = in.data();
    options.data_size_in = static_cast<std::uint32_t>(in.size());
    options.data_out = out.data();
    options.data_size_out = static_cast<std::uint32_t>(out.size());
    options.ctx_in = &context;
    options.ctx_size_in = sizeof context;
    const int program =
        direction == Direction::FromTunnel ? programs_.from_tunnel() : programs_.to_tunnel();
    EXPECT_EQ(bpf_prog_test_run_opts(program, &options), 0) << std::strerror(errno);
    out.resize(options.data_size_out);
    out.erase(out.begin(), out.begin() + kEthernet);
    return {static_cast<int>(options.retval), std::move(out)};
  }

  [[nodiscard]] std::uint64_t counted(Direction direction, cw_via6_outcome outcome) const {
    const auto first = direction == Direction::FromTunnel ? std::size_t{0} : via6::kOutcomes;
    const auto key = static_cast<std::uint32_t>(first + std::size_t{outcome});
    std::vector<std::uint64_t> each(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    EXPECT_EQ(bpf_map_lookup_elem(programs_.counters(), &key, each.data()), 0);
    std::uint64_t sum = 0;
    for (const auto one : each) {
      sum += one;
    }
    return sum;
  }

 private:
  const via6::Programs& programs_;
};

// In both the same where they may differ: zero and 0xffff in a checksum, an identification that is
// the translator's choice.
void settle(Bytes& packet, const Translation& expected) {
  for (const auto at : expected.checksums) {
    if (at + 1 < packet.size() && packet[at] == 0xff && packet[at + 1] == 0xff) {
      packet[at] = packet[at + 1] = 0;
    }
  }
  if (expected.free_id && packet.size() >= 20) {
    EXPECT_EQ(test::ones_complement_sum(std::span(packet).first(20)), 0xffff);
    packet[4] = packet[5] = packet[10] = packet[11] = 0;
  }
}

bool is_any(std::uint8_t value, std::initializer_list<int> of) {
  return std::ranges::find(of, int{value}) != of.end();
}

// Which way through the translator a packet took, in a word or two.
std::string way(const Bytes& in, const Translation& expected) {
  if (expected.passes) {
    return "passes";
  }
  if (expected.outcome != CW_VIA6_TRANSLATED) {
    return std::string(via6::name(expected.outcome));
  }
  const auto& out = expected.packet;
  const bool to4 = out[0] >> 4U == 4;
  const auto protocol = to4 ? out[9] : out[6];
  const bool fragment = to4 ? (out[6] & 0x3fU) != 0 || out[7] != 0 : protocol == 44;
  const auto payload = std::span(out).subspan(to4 ? 20 : 40);
  if (fragment) {
    return "fragment";
  }
  std::string text = is_any(protocol, {1, 6, 17, 58, 47, 50, 51})
                         ? fmt::format("protocol {}", protocol)
                         : "another protocol";
  if (is_any(protocol, {1, 58})) {
    text += fmt::format(" type {}", payload[0]);
    if (!is_any(payload[0], {0, 8, 128, 129})) {
      const auto inner = payload[to4 ? 17 : 14];
      text += is_any(inner, {1, 6, 17, 44, 58}) ? fmt::format(" of {}", inner) : " of another";
    }
  }
  const bool more = to4 ? is_any(in[6], {0, 43, 44, 60}) : (in[0] & 15U) > 5;
  return text + (more ? ", more headers" : "");
}

// What GRO makes one packet of: TCP without anything between it and the IP header. A test run calls
// a packet GSO without saying of which protocol, and of another one the kernel refuses more.
bool is_like_gso(const Bytes& in, const Bytes& out) {
  if (in.size() < 1300 || out.size() < 1300) {
    return false;
  }
  const bool to4 = out[0] >> 4U == 4;
  return to4 ? out[9] == 6 && out.size() + 20 == in.size()
             : out[6] == 6 && in.size() + 20 == out.size();
}

class Via6Agreement : public testing::TestWithParam<std::uint64_t> {
 protected:
  void agree(Direction direction, std::uint64_t seed, const std::vector<std::string>& ways) {
    auto told = parameters();
    told.mtu = seed % 2 == 0 ? 9001 : 1420;  // where plateaus matter, and where not
    const auto programs = via6::Programs::load(told, {.framing = via6::Framing::Ethernet});
    CW_ASSERT_OK(programs);
    Runner runner(*programs);
    test::RandomPackets random(told, seed);
    std::map<std::string, std::size_t> seen;
    via6::Counts counts{};
    for (std::size_t i = 0; i < kPackets && !HasFailure(); ++i) {
      const auto in =
          direction == Direction::FromTunnel ? random.from_tunnel() : random.to_tunnel();
      auto expected = translate(told, direction, in);
      ++seen[way(in, expected)];
      const bool gso = is_like_gso(in, expected.packet) && random.once_in(2);
      seen["gso"] += gso ? 1 : 0;
      auto ran = runner.run(direction, in, gso ? 1200 : 0);
      const bool dropped = !expected.passes && expected.outcome != CW_VIA6_TRANSLATED;
      const int verdict = expected.passes ? TC_ACT_UNSPEC : dropped ? TC_ACT_SHOT : TC_ACT_OK;
      const bool counted = expected.passes || runner.counted(direction, expected.outcome) ==
                                                  ++counts[expected.outcome];
      if (!dropped) {
        settle(ran.packet, expected);
        settle(expected.packet, expected);
      }
      if (!counted || ran.verdict != verdict || (!dropped && ran.packet != expected.packet)) {
        ADD_FAILURE() << fmt::format(
            "packet {} of seed {}: {}\nverdict   {}, not {}\nin        {}\nexpected  {}\n"
            "program's {}",
            i, seed, counted ? via6::name(expected.outcome) : "counted otherwise", ran.verdict,
            verdict, hex(in), hex(expected.packet), hex(ran.packet));
      }
    }
    if (HasFailure()) {
      return;
    }
    for (std::size_t i = 0; i < via6::kOutcomes; ++i) {
      EXPECT_EQ(runner.counted(direction, static_cast<cw_via6_outcome>(i)), counts[i])
          << via6::name(i);
    }
    for (const auto& [name, times] : seen) {
      std::cout << fmt::format("  {:>6} {}\n", times, name);
    }
    for (const auto& name : ways) {
      EXPECT_GT(seen[name], 0U) << "no packet took the way: " << name;
    }
  }
};

// too_long needs more bytes than a test run takes, and kernel a kernel without memory.
const std::vector<std::string> kFromTunnelWays = {
    "passes",
    "truncated",
    "malformed",
    "other_site",
    "never",
    "no_route",
    "no_peer",
    "extension",
    "source_route",
    "protocol",
    "icmp_fragment",
    "icmp_type",
    "inner_broken",
    "inner_error",
    "inner_address",
    "gso",
    "fragment",
    "another protocol",
    "protocol 6",
    "protocol 6, more headers",
    "protocol 17",
    "protocol 17, more headers",
    "protocol 47",
    "protocol 50",
    "protocol 51",
    "protocol 1 type 0",
    "protocol 1 type 8",
    "protocol 1 type 8, more headers",
    "protocol 1 type 3 of 1",
    "protocol 1 type 3 of 6",
    "protocol 1 type 3 of 6, more headers",
    "protocol 1 type 3 of 17",
    "protocol 1 type 3 of another",
    "protocol 1 type 11 of 6",
    "protocol 1 type 12 of 6",
};
const std::vector<std::string> kToTunnelWays = {
    "passes",
    "truncated",
    "malformed",
    "never",
    "no_route",
    "no_peer",
    "source_route",
    "protocol",
    "icmp_fragment",
    "icmp_type",
    "no_checksum",
    "inner_broken",
    "inner_error",
    "inner_address",
    "gso",
    "fragment",
    "another protocol",
    "protocol 6",
    "protocol 6, more headers",
    "protocol 17",
    "protocol 17, more headers",
    "protocol 47",
    "protocol 50",
    "protocol 51",
    "protocol 58 type 128",
    "protocol 58 type 128, more headers",
    "protocol 58 type 129",
    "protocol 58 type 1 of 6",
    "protocol 58 type 1 of 6, more headers",
    "protocol 58 type 1 of 17",
    "protocol 58 type 1 of 44",
    "protocol 58 type 1 of 58",
    "protocol 58 type 1 of another",
    "protocol 58 type 2 of 17",
    "protocol 58 type 3 of 6",
    "protocol 58 type 4 of 6",
};

TEST_P(Via6Agreement, FromTunnel) {
  agree(Direction::FromTunnel, GetParam(), kFromTunnelWays);
}

TEST_P(Via6Agreement, ToTunnel) {
  agree(Direction::ToTunnel, GetParam(), kToTunnelWays);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Via6Agreement, testing::Values(1U, 2U, 3U, 4U));

// Cut at each of its bytes, with its length corrected and not.
TEST(Via6AgreementOfParts, OnPacketsCutAnywhere) {
  const auto told = parameters();
  const auto programs = via6::Programs::load(told, {.framing = via6::Framing::Ethernet});
  CW_ASSERT_OK(programs);
  Runner runner(*programs);
  test::RandomPackets random(told, 3);
  std::size_t compared = 0;
  for (int i = 0; i < 60 && !HasFailure(); ++i) {
    for (const auto direction : {Direction::FromTunnel, Direction::ToTunnel}) {
      const auto whole =
          direction == Direction::FromTunnel ? random.from_tunnel() : random.to_tunnel();
      const bool v6 = direction == Direction::FromTunnel;
      // Newer kernels' test runs refuse what is shorter than the header.
      for (std::size_t size = v6 ? 40 : 20; size <= std::min<std::size_t>(whole.size(), 220);
           ++size) {
        Bytes in(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        for (const bool corrected : {false, true}) {
          if (corrected && size >= 40) {
            test::set_number(in, v6 ? 4 : 2, v6 ? size - 40 : size, 2);
          }
          auto expected = translate(told, direction, in);
          auto ran = runner.run(direction, in);
          const bool dropped = !expected.passes && expected.outcome != CW_VIA6_TRANSLATED;
          EXPECT_EQ(ran.verdict, expected.passes ? TC_ACT_UNSPEC
                                 : dropped       ? TC_ACT_SHOT
                                                 : TC_ACT_OK)
              << hex(in);
          if (!dropped) {
            settle(ran.packet, expected);
            settle(expected.packet, expected);
            EXPECT_TRUE(ran.packet == expected.packet) << hex(in);
          }
          ++compared;
        }
      }
    }
  }
  EXPECT_GT(compared, 10'000U);
}

// The verifier's limit is a million instructions for each. It has none for states, whoever loads
// with CAP_BPF, but each costs it memory and time.
TEST(Via6Verification, IsFarFromItsLimits) {
  auto told = parameters();
  told.routes.clear();
  for (std::uint32_t i = 0; i < CW_VIA6_RANGES; ++i) {
    told.routes.push_back(net::Prefix::of(net::Ip::v4(0x0a000000 + i * 512), 24));
  }
  for (const auto& with : {parameters(), told}) {
    const auto programs = via6::Programs::load(with, {.verification = true});
    CW_ASSERT_OK(programs);
    for (const auto* verified :
         {&programs->from_tunnel_verification(), &programs->to_tunnel_verification()}) {
      auto words = verified->text;
      std::ranges::replace(words, '\n', ' ');
      const bool from = verified == &programs->from_tunnel_verification();
      const auto which =
          fmt::format("{}_tunnel_with_{}_routes", from ? "from" : "to", with.routes.size());
      ::testing::Test::RecordProperty(
          "told_" + which, fmt::format("{} instructions; {}", verified->instructions, words));
      EXPECT_GT(verified->processed, verified->instructions / 2);
      EXPECT_LT(verified->processed, 250'000U);
      EXPECT_LT(verified->instructions, 10'000U);
      EXPECT_GT(verified->states, 0U);
      EXPECT_LT(verified->states, 20'000U);
    }
  }
}

}  // namespace
}  // namespace cw::kernel
