// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/set_elements.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace cw::firewall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Texts = std::vector<std::string>;

Texts texts_of(const SetElements& elements) {
  Texts texts;
  for (const auto& text : elements) {
    texts.push_back(text);
  }
  return texts;
}

TEST(SetElements, AreReadAsTheyWereGiven) {
  const SetElements elements = {"10.0.0.0/16", "10.0.1.0/24", "10.0.1.0/24", "", "2001:db8::5"};
  EXPECT_THAT(elements,
              ElementsAre("10.0.0.0/16", "10.0.1.0/24", "10.0.1.0/24", "", "2001:db8::5"));
  EXPECT_EQ(elements.size(), 5U);
  EXPECT_FALSE(elements.empty());
}

TEST(SetElements, OfNothingAreNone) {
  EXPECT_THAT(SetElements(), IsEmpty());
  EXPECT_EQ(SetElements(), SetElements(Texts()));
  EXPECT_NE(SetElements(), SetElements({""}));
}

TEST(SetElements, MayBeCopiedAndMoved) {
  SetElements elements = {"10.0.0.0/16", "10.0.1.0/24"};
  auto copy = elements;
  const auto moved = std::move(elements);
  EXPECT_THAT(copy, ElementsAre("10.0.0.0/16", "10.0.1.0/24"));
  EXPECT_EQ(moved, copy);
}

TEST(SetElements, OfAnyLengthAreWhole) {
  const Texts longer = {std::string(127, 'a'), std::string(128, 'a'), std::string(70'000, 'a'),
                        std::string(70'000, 'a') + std::string(300, 'b')};
  EXPECT_EQ(texts_of(SetElements(longer)), longer);
}

TEST(SetElementsLaws, AreTheSameWhereTheTextsAre) {
  EXPECT_TRUE(rc::check([] {
    const auto any = rc::gen::container<Texts>(
        rc::gen::container<std::string>(rc::gen::element('a', 'b', '\0', '\xff')));
    const auto some = *any;
    const auto others = *any;
    const SetElements elements(some);
    RC_ASSERT(texts_of(elements) == some);
    RC_ASSERT(elements.size() == some.size());
    RC_ASSERT((elements == SetElements(others)) == (some == others));
  }));
}

}  // namespace
}  // namespace cw::firewall
