// SPDX-License-Identifier: Apache-2.0
#include "network/edit/gateway_edits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/compile.h"
#include "tests/unit/network/random_network.h"

namespace cw::network {
namespace {

using ::testing::HasSubstr;

NewGateway second() {
  return {.name = "prod-b",
          .site = "production",
          .public_key = *net::PublicKey::parse(kBobKey),
          .endpoint = {.host = "vpn2.example.com", .port = 51821}};
}

Result<Changes> add(const Texts& files, const NewGateway& wanted) {
  return add_gateway(files.at("sites/production.toml"), *compile(files).netmap, wanted);
}

TEST(AddGateway, PutsTheFirstOneBehindWhatTheSitesFileSays) {
  auto files = small_network();
  files.erase("peers/alice.toml");
  files["sites/production.toml"] = "id = 7 # for ever\n[[router]]\nname = \"r\"\n";
  const auto changes = add(files, second());
  ASSERT_TRUE(changes) << changes.error().to_text();
  EXPECT_EQ(*(*changes)[0].content,
            "id = 7 # for ever\n[[router]]\nname = \"r\"\n\n"
            "[[gateway]]\n"
            "name = \"prod-b\"\n"
            "public_key = \"cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=\"\n"
            "endpoint = \"vpn2.example.com:51821\"\n"
            "address = \"100.83.0.1\"\n");
  files["sites/production.toml"] = *(*changes)[0].content;
  EXPECT_TRUE(compile(files).netmap) << rendered(files);
}

TEST(AddGateway, AsksForABlockWhereTheSiteHasAGateway) {
  EXPECT_THAT(add(small_network(), second()).error().message, HasSubstr("say with --block"));
}

TEST(AddGateway, RefusesANameThatIsTakenAndASiteThatIsNone) {
  auto wanted = second();
  wanted.name = "prod-a";
  EXPECT_EQ(add(small_network(), wanted).error().kind, ErrorKind::Exists);
  wanted = second();
  wanted.site = "elsewhere";
  EXPECT_THAT(add(small_network(), wanted).error().message, HasSubstr("no site `elsewhere`"));
}

}  // namespace
}  // namespace cw::network
