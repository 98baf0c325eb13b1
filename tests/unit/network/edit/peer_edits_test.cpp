// SPDX-License-Identifier: Apache-2.0
#include "network/edit/peer_edits.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "network/client_config.h"
#include "network/compile.h"
#include "network/edit/staleness.h"
#include "tests/unit/network/random_network.h"

namespace cw::network {
namespace {

using ::testing::HasSubstr;

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

Texts applied(Texts files, const Changes& changes) {
  for (const auto& change : changes) {
    EXPECT_FALSE(change.fresh && files.contains(change.path));
    if (change.content) {
      files[change.path] = *change.content;
    } else {
      files.erase(change.path);
    }
  }
  return files;
}

NewPeer bob() {
  return {.name = "bob-phone",
          .public_key = *net::PublicKey::parse(kBobKey),
          .user = "bob@example.com",
          .groups = {"dev"}};
}

Result<PeerEdit> add(const Texts& files, const NewPeer& wanted) {
  return add_peer(parse(files), *compile(files).netmap, wanted, kNow,
                  [](auto /*bound*/) { return 77U; });
}

TEST(AddPeer, WritesAFileThatSaysWhatThePeerIsAndWhatItWasGiven) {
  const auto edit = add(small_network(), bob());
  ASSERT_TRUE(edit) << edit.error().to_text();
  ASSERT_EQ(edit->changes.size(), 1U);
  EXPECT_TRUE(edit->changes[0].fresh);
  EXPECT_EQ(edit->changes[0].path, "peers/bob-phone.toml");
  EXPECT_EQ(
      *edit->changes[0].content,
      "user = \"bob@example.com\"\n"
      "groups = [\"dev\"]\n"
      "public_key = \"cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=\"\n"
      "address = \"100.83.0.77\"\n"
      "home = \"prod-a\"\n"
      "sites = [\"production\"]\n"
      "\n"
      "# Of the configuration that the device has; causeway peer keeps it, for `causeway peer "
      "stale`.\n"
      "issued = \"" +
          *edit->peer.issued +
          "\"\n"
          "routes = [\"production:10.0.0.0/16\", \"production:10.1.0.0/16\"]\n");
  const auto after = compile(applied(small_network(), edit->changes));
  ASSERT_TRUE(after.netmap) << render(after.diagnostics);
  EXPECT_EQ(after.netmap->peers[1], edit->peer);
}

TEST(AddPeer, RefusesANameThatIsTaken) {
  auto again = bob();
  again.name = "alice";
  EXPECT_EQ(add(small_network(), again).error().kind, ErrorKind::Exists);
}

TEST(AddPeer, WritesManyRoutesOverManyLinesAndRefusesMoreThanAnyAppTakes) {
  auto files = small_network();
  const auto site = [&](unsigned id, const char* name, int first) {
    std::string routes;
    for (unsigned i = 0; i < 1000; ++i) {
      routes += fmt::format("  \"{}.{}.{}.0/24\",\n", first, i / 250, i % 250);
    }
    return fmt::format(
        "id = {0}\nroutes = [\n{1}]\n[[router]]\nname = \"r-{2}\"\n[[gateway]]\nname = \"{2}\"\n"
        "public_key = \"{3}\"\nendpoint = \"{2}.example.com:51820\"\naddress = \"100.83.0.{0}\"\n",
        id, routes, name, numbered_key(100 + id));
  };
  files["sites/production.toml"] = site(1, "a", 10);
  const auto edit = add(files, bob());
  ASSERT_TRUE(edit) << edit.error().to_text();
  EXPECT_TRUE(compile(applied(files, edit->changes)).netmap)
      << rendered(applied(files, edit->changes));
  files["sites/other.toml"] = site(2, "b", 11);
  EXPECT_EQ(add(files, bob()).error().kind, ErrorKind::Exhausted);
}

TEST(ReissuePeer, PinsWhatTheFileDidNotSayAndKeepsItsComments) {
  auto files = small_network();
  files["peers/alice.toml"] = "# Alice's, the old one\n" + files["peers/alice.toml"];
  const auto netmap = *compile(files).netmap;
  const auto edit = reissue_peer(files["peers/alice.toml"], netmap, netmap.peers[0],
                                 {.public_key = *net::PublicKey::parse(kBobKey)});
  ASSERT_TRUE(edit) << edit.error().to_text();
  EXPECT_EQ(*edit->changes[0].content,
            "# Alice's, the old one\n"
            "public_key = \"cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=\"\n"
            "address = \"100.83.0.5\"\n"
            "home = \"prod-a\"\n"
            "sites = [\"production\"]\n"
            "issued = \"" +
                *edit->peer.issued +
                "\"\n"
                "routes = [\"production:10.0.0.0/16\", \"production:10.1.0.0/16\"]\n");
}

TEST(RemovePeer, LeavesATombstoneThatKeepsAddressAndKey) {
  auto files = small_network();
  const auto alice = files["peers/alice.toml"];
  files = applied(files, remove_peer(compile(files).netmap->peers[0], kNow));
  EXPECT_FALSE(files.contains("peers/alice.toml"));
  ASSERT_TRUE(files.contains("removed/100.83.0.5.toml"));
  EXPECT_TRUE(compile(files).netmap) << rendered(files);
  files["peers/carol.toml"] = alice;
  EXPECT_THAT(rendered(files), HasSubstr("the address 100.83.0.5 was a removed peer's"));
  EXPECT_THAT(rendered(files), HasSubstr("this public key was a removed peer's"));
}

TEST(SetPeerEnabled, EditsTheFile) {
  EXPECT_EQ((*set_peer_enabled("enabled = false # stolen\n", "alice", true))[0].content,
            "enabled = true # stolen\n");
}

// ---- laws

RC_GTEST_PROP(PeerEditLaws, WhoIsAddedCompilesToWhatWasSaidAndIsNotStale, ()) {
  auto files = random_network();
  for (unsigned i = 0; i < 3; ++i) {
    auto wanted = bob();
    wanted.name = fmt::format("new-{}", i);
    wanted.public_key = *net::PublicKey::parse(numbered_key(9'000'000 + i));
    const auto directory = parse(files);
    const auto edit = add_peer(directory, *compile(directory).netmap, wanted, kNow,
                               [](auto bound) { return pick<std::uint32_t>(0, bound - 1); });
    RC_ASSERT(edit.has_value());
    files = applied(files, edit->changes);
    const auto after = compile(files);
    RC_LOG() << rendered(files);
    RC_ASSERT(after.netmap.has_value());
    RC_ASSERT(std::ranges::count(after.netmap->peers, edit->peer) == 1);
    RC_ASSERT(fingerprint(*after.netmap, edit->peer) == *edit->peer.issued);
    RC_ASSERT(stale_peers(parse(files), *after.netmap).empty());
  }
}

RC_GTEST_PROP(PeerEditLaws, WhoIsIssuedAgainIsNotStale, ()) {
  auto files = random_network();
  const auto netmap = *compile(files).netmap;
  const auto& peer = netmap.peers[pick<std::size_t>(0, netmap.peers.size() - 1)];
  const auto edit = reissue_peer(files[peer_path(peer.name)], netmap, peer, {.all_sites = true});
  RC_ASSERT(edit.has_value());
  files = applied(files, edit->changes);
  const auto after = compile(files);
  RC_ASSERT(after.netmap.has_value());
  RC_ASSERT(stale_peers(parse(files), *after.netmap).empty());
}

}  // namespace
}  // namespace cw::network
