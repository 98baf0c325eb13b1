// SPDX-License-Identifier: Apache-2.0
#include "ha/replica/payload.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ha/replica/flow.h"
#include "tests/unit/ha/replica/random_connection.h"

namespace cw::ha::replica {
namespace {

constexpr Stream kStream{.term = 7, .start = 1'700'000'000'000};

TEST(Payload, EachKindIsReadAsItWasWritten) {
  const Said all[] = {
      {kStream, 1, Begin{}},
      {kStream, 2, Changes{}},
      {kStream, 3, End{}},
      {kStream, 4, Tail{.sum = {.count = 5, .digest = 6}}},
      {kStream, 5, Have{}},
      {kStream, 6, Want{.first = 7, .last = 9}},
      {Stream{}, 0, Want{.whole = true}},
  };
  for (const auto& said : all) {
    const auto bytes = write(said);
    const auto read_back = read(bytes);
    ASSERT_TRUE(read_back) << read_back.error().to_text();
    EXPECT_EQ(*read_back, said);
  }
}

RC_GTEST_PROP(Payload, ChangesAreReadAsTheyWereWritten, ()) {
  Changes changes;
  std::size_t size = kChangesBytes;
  const auto count = *rc::gen::inRange(0, 15);
  for (int i = 0; i < count; ++i) {
    const auto number = *rc::gen::arbitrary<std::uint16_t>();
    const auto kept = worth_keeping(told(number, *rc::gen::arbitrary<std::uint32_t>()), nullptr);
    RC_ASSERT(kept.has_value());
    if (*rc::gen::arbitrary<bool>()) {
      changes.there.push_back(*kept);
      size += bytes_of(*kept);
    } else {
      changes.gone.push_back(kept->id);
      size += bytes_of(kept->id);
    }
  }
  const Said said{kStream, 9, changes};
  const auto bytes = write(said);
  RC_ASSERT(bytes.size() == size);
  RC_ASSERT(read(bytes) == said);
}

TEST(Payload, OneOfSnatTakes28Bytes) {
  EXPECT_EQ(bytes_of(*worth_keeping(told(1, 1), nullptr)), 28U);
}

TEST(Payload, WhatIsCutOrGoesOnIsRefused) {
  Changes changes{.there = {*worth_keeping(told(1, 7), nullptr)}, .gone = {told(2).id}};
  auto bytes = write({kStream, 9, changes});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read(std::span(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(read(bytes));
}

TEST(Payload, AnotherVersionIsToldApart) {
  auto bytes = write({kStream, 1, Begin{}});
  bytes[0] = 2;
  EXPECT_EQ(read(bytes).error().kind, ErrorKind::Unsupported);
}

}  // namespace
}  // namespace cw::ha::replica
