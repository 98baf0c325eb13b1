// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <random>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "network/netmap_json.h"
#include "tests/unit/network/directory_text.h"
#include "tests/unit/network/random_network.h"

// Laws of the compiler, over random networks that are right, and over what one mistake makes of
// them.
namespace cw::network {
namespace {

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
