// SPDX-License-Identifier: Apache-2.0
#include "cli/peer_view.h"

#include <gtest/gtest.h>

namespace cw::cli {
namespace {

PeerState alice() {
  PeerState state;
  state.peer.name = "alice-laptop";
  state.peer.user = "alice@example.com";
  state.peer.address = net::Ip::v4(0x64530005);
  state.peer.home = "main";
  state.peer.sites = {"lab", "office"};
  state.peer.issued = std::string(32, 'a');
  return state;
}

PeerState bob() {
  auto state = alice();
  state.peer.name = "bob";
  state.peer.user = "";
  state.stale.must = true;
  state.expired = true;
  return state;
}

TEST(PeerList, IsATable) {
  EXPECT_EQ(
      list_text({alice(), bob()}, Colour::Off),
      "PEER          USER               ADDRESS     HOME  SITES        STATE    CONFIGURATION\n"
      "alice-laptop  alice@example.com  100.83.0.5  main  lab, office  enabled  current\n"
      "bob                              100.83.0.5  main  lab, office  expired  must be renewed\n");
  EXPECT_EQ(list_text({}, Colour::Off), "no peers; `causeway peer add NAME` makes one\n");
}

TEST(StaleList, HasFirstWhoMustImportAgain) {
  auto lacking = alice();
  lacking.stale.may = {"site lab", "10.2.0.0/16 at office"};
  EXPECT_EQ(stale_text({alice(), lacking, bob()}, Colour::Off),
            "PEER          USER               CONFIGURATION\n"
            "bob                              must be renewed\n"
            "alice-laptop  alice@example.com  works, lacks site lab, 10.2.0.0/16 at office\n");
  EXPECT_EQ(stale_text({alice()}, Colour::Off), "every configuration that is known is current\n");
}

TEST(PeerShow, NamesOnlyWhatThereIs) {
  EXPECT_EQ(show_text(bob()),
            "peer           bob\n"
            "state          expired\n"
            "public key     AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
            "address        100.83.0.5\n"
            "home           main\n"
            "sites          lab, office\n"
            "configuration  must be renewed\n");
}

}  // namespace
}  // namespace cw::cli
