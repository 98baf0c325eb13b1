// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/rfc3339.h"
#include "network/netmap_json.h"
#include "tests/unit/network/directory_text.h"

// Laws of the compiler, over random networks that are right, and over what one mistake makes of
// them. A network is drawn as text, so that the laws hold from the files on.
namespace cw::network {
namespace {

std::string key(unsigned number) {
  net::KeyBytes bytes{};
  for (unsigned i = 0; i < 4; ++i) {
    bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  }
  bytes[31] = 1;  // never all zero
  return net::PublicKey(bytes).to_text();
}

template <class T>
T pick(T least, T most) {
  return *rc::gen::inRange<T>(least, static_cast<T>(most + 1));
}

bool coin() {
  return *rc::gen::arbitrary<bool>();
}

constexpr unsigned kGatewayKeys = 1'000'000;  // apart from the peers'

// Gateway g of a site with 1 << split gateways has block g of the pool 100.80.0.0/12.
std::string gateway(unsigned site, unsigned g, unsigned split) {
  const std::uint32_t block = 0x64500000U + (g << (20U - split));
  std::string text = fmt::format(
      "[[gateway]]\nname = \"g{0}-{1}\"\npublic_key = \"{2}\"\nendpoint = "
      "\"gw{0}.example.com:{3}\"\naddress = \"{4}\"\n",
      site, g, key(kGatewayKeys + site * 16 + g), 50000 + g,
      net::Ip::v4(block + 1 + site).to_text());
  if (split > 0) {
    text += fmt::format("block = \"{}/{}\"\n", net::Ip::v4(block).to_text(), 12 + split);
  }
  if (coin()) {
    text += fmt::format("listen_port = {}\n", 40000 + g);
  }
  switch (pick(0, 3)) {
    case 0:
      return text + "egress.mode = \"routed\"\n";
    case 1:
      return text +
             fmt::format("[gateway.egress]\nmode = \"floating\"\naddress = \"10.9.0.{}\"\n", g + 1);
    default:
      return text;
  }
}

std::string site(unsigned number) {
  std::string text = fmt::format("id = {}\n", 65535 - number * 7);
  text += fmt::format("routes = [\"10.{}.0.0/16\", \"2001:db8:{}::/48\"]\n", pick(0, 3), number);
  const unsigned routers = pick(1U, 3U);
  for (unsigned r = 0; r < routers; ++r) {
    text += fmt::format("[[router]]\nname = \"r{}-{}\"\n", number, r);
    if (coin()) {
      text += fmt::format("address = \"10.0.{}.{}\"\n", number, r + 1);
    }
  }
  const unsigned split = pick(0U, 2U);
  for (unsigned g = 0; g < (1U << split); ++g) {
    text += gateway(number, g, split);
  }
  return text;
}

std::string peer(unsigned number, unsigned sites) {
  // Beyond the first addresses of every block, which the gateways have; spread over all blocks.
  const std::uint32_t address = 0x64500000U + (number % 4U << 18U) + 100 + number;
  std::string text = fmt::format("public_key = \"{}\"\naddress = \"{}\"\n", key(number + 1),
                                 net::Ip::v4(address).to_text());
  if (coin()) {
    text += fmt::format("user = \"user{}@example.com\"\n", number);
  }
  if (coin()) {
    text += "groups = [\"b\", \"a\"]\n";
  }
  if (coin()) {
    text += fmt::format("sites = [\"s{}\"]\n", pick(0U, sites - 1));
  }
  if (coin()) {
    text += coin() ? "enabled = false\n" : "enabled = true\n";
  }
  if (coin()) {
    text +=
        "expires = " + to_rfc3339(WallTime(std::chrono::seconds(pick(0L, 4'000'000'000L)))) + "\n";
  }
  return text;
}

Texts random_network() {
  Texts texts = {
      {"network.toml", "name = \"n\"\npool = \"100.80.0.0/12\"\nula = \"fd5e:3a1c:9b04::/48\"\n"}};
  if (coin()) {
    texts["network.toml"] += "client_routes = [\"172.16.0.0/12\", \"10.0.0.0/8\"]\n";
  }
  const unsigned sites = pick(1U, 4U);
  for (unsigned s = 0; s < sites; ++s) {
    texts[fmt::format("sites/s{}.toml", s)] = site(s);
  }
  const unsigned peers = pick(2U, 12U);
  for (unsigned p = 0; p < peers; ++p) {
    texts[fmt::format("peers/p{}.toml", p)] = peer(p, sites);
  }
  return texts;
}

// The mistakes; a valid network may well have warnings.
Diagnostics errors(Diagnostics diagnostics) {
  std::erase_if(diagnostics,
                [](const Diagnostic& each) { return each.severity != Severity::Error; });
  return diagnostics;
}

RC_GTEST_PROP(CompileLaws, AValidNetworkCompiles, ()) {
  const auto texts = random_network();
  const auto compiled = compile(texts);
  RC_LOG() << rendered(texts);
  RC_ASSERT(compiled.netmap.has_value());
  RC_ASSERT(errors(compiled.diagnostics).empty());
}

RC_GTEST_PROP(CompileLaws, TheOrderOfFilesChangesNothing, ()) {
  const auto texts = random_network();
  std::vector<std::pair<std::string, std::string>> files(texts.begin(), texts.end());
  std::mt19937 random(*rc::gen::arbitrary<unsigned>());
  std::ranges::shuffle(files, random);
  Directory shuffled;
  for (const auto& [path, text] : files) {
    shuffled.put(path, text);
  }
  RC_ASSERT(shuffled == parse(texts));
  RC_ASSERT(compile(shuffled).netmap == compile(texts).netmap);
}

RC_GTEST_PROP(CompileLaws, JsonGivesTheSameNetmapBack, ()) {
  const auto netmap = *compile(random_network()).netmap;
  const auto text = to_json(netmap);
  const auto back = netmap_from_json(text);
  RC_LOG() << (back ? "" : back.error().to_text());
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == netmap);
}

RC_GTEST_PROP(CompileLaws, ANetmapIsItsOwnDirectory, ()) {
  const auto netmap = *compile(random_network()).netmap;
  RC_ASSERT(compile(to_directory(netmap)).netmap == netmap);
}

RC_GTEST_PROP(CompileLaws, EachPeersHomeHoldsItsAddress, ()) {
  const auto netmap = *compile(random_network()).netmap;
  for (const Peer& peer : netmap.peers) {
    bool found = false;
    for (const Site& site : netmap.sites) {
      for (const Gateway& gateway : site.gateways) {
        found = found || (gateway.name == peer.home && gateway.block.contains(peer.address) &&
                          std::ranges::binary_search(peer.sites, site.name));
      }
    }
    RC_ASSERT(found);
  }
}

RC_GTEST_PROP(CompileLaws, ACopiedPeerIsAMistakeOfBothFiles, ()) {
  auto texts = random_network();
  texts["peers/copy.toml"] = texts["peers/p1.toml"];
  const auto compiled = compile(texts);
  RC_ASSERT(!compiled.netmap);
  const auto mistakes = errors(compiled.diagnostics);
  RC_ASSERT(mistakes.size() == 2U);  // the key and the address
  for (const auto& diagnostic : mistakes) {
    const std::array<std::string, 2> named = {diagnostic.place.file, diagnostic.other->file};
    RC_ASSERT(std::ranges::count(named, "peers/copy.toml") == 1);
    RC_ASSERT(std::ranges::count(named, "peers/p1.toml") == 1);
  }
}

RC_GTEST_PROP(CompileLaws, ACopiedSiteIsAMistakeOfBothFiles, ()) {
  auto texts = random_network();
  texts["sites/z-copy.toml"] = texts["sites/s0.toml"];
  const auto compiled = compile(texts);
  RC_ASSERT(!compiled.netmap);
  for (const auto& diagnostic : errors(compiled.diagnostics)) {
    RC_ASSERT(diagnostic.place.file == "sites/z-copy.toml");
    RC_ASSERT(diagnostic.other && diagnostic.other->file == "sites/s0.toml");
  }
}

RC_GTEST_PROP(CompileLaws, CuttingAFileShortNeverCrashesAndNamesOnlyPlacesThatExist, ()) {
  auto texts = random_network();
  auto victim = texts.begin();
  std::advance(victim, pick<std::size_t>(0, texts.size() - 1));
  victim->second.resize(pick<std::size_t>(0, victim->second.size()));
  for (const auto& diagnostic : compile(texts).diagnostics) {
    RC_ASSERT(diagnostic.place.file == "network.toml" || texts.contains(diagnostic.place.file));
    const auto lines = std::ranges::count(texts[diagnostic.place.file], '\n') + 1;
    RC_ASSERT(diagnostic.place.span.line <= lines);
  }
}

}  // namespace
}  // namespace cw::network
