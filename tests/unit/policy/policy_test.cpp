// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cw::policy {
namespace {

using testing::HasSubstr;

TEST(Service, IsReadAndWrittenInOneForm) {
  for (const auto* text : {"any", "tcp", "udp", "icmp", "tcp/1", "udp/53", "tcp/8000-8100"}) {
    const auto service = Service::parse(text);
    ASSERT_TRUE(service) << text;
    EXPECT_EQ(service->to_text(), text);
  }
}

TEST(Service, RefusesWhatIsNone) {
  for (const auto* text : {"", "tcp/", "tcp/0", "tcp/65536", "tcp/080", "tcp/9-8", "tcp/1-",
                           "tcp/a", "icmp/8", "any/1", "sctp", "TCP", "tcp /1", "tcp/-1"}) {
    EXPECT_FALSE(Service::parse(text)) << text;
  }
}

TEST(Service, ContainsWhatItAllows) {
  const auto contains = [](const char* outer, const char* inner) {
    return Service::parse(outer)->contains(*Service::parse(inner));
  };
  EXPECT_TRUE(contains("any", "icmp"));
  EXPECT_TRUE(contains("tcp", "tcp/80"));
  EXPECT_TRUE(contains("tcp/79-81", "tcp/80"));
  EXPECT_FALSE(contains("tcp/79-81", "tcp/80-82"));
  EXPECT_FALSE(contains("tcp", "udp/80"));
  EXPECT_FALSE(contains("tcp", "any"));
}

TEST(Target, IsReadInEveryFormPeopleWrite) {
  const auto read = [](std::string_view text) {
    const auto target = parse_target(text);
    return target ? target->to_text() : target.error().message;
  };
  EXPECT_EQ(read("db:5432/tcp"), "db:tcp/5432");
  EXPECT_EQ(read("db:5432"), "db:tcp/5432");
  EXPECT_EQ(read("db:tcp/5432"), "db:tcp/5432");
  EXPECT_EQ(read("10.0.1.5:53/udp"), "10.0.1.5:udp/53");
  EXPECT_EQ(read("[2001:db8::5]:22"), "2001:db8::5:tcp/22");
  EXPECT_EQ(read("peer:bob:icmp"), "peer:bob:icmp");
  EXPECT_EQ(parse_target(read("[2001:db8::5]:22"))->to, "2001:db8::5");
}

TEST(Target, RefusesWhatNamesNoPlaceOrMoreThanOneService) {
  for (const auto* text : {"", "db", ":5432", "db:", "db:5432/icmp", "[2001:db8::5]", "db:0"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
  EXPECT_THAT(parse_target("db:any").error().message, HasSubstr("name one port"));
  EXPECT_THAT(parse_target("db:tcp").error().message, HasSubstr("name one port"));
}

}  // namespace
}  // namespace cw::policy
