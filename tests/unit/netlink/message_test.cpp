// SPDX-License-Identifier: Apache-2.0
#include "netlink/codec/message.h"

#include <cerrno>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace cw::netlink {
namespace {

TEST(MessageWriter, WritesTheBytesOfNetlink7) {
  MessageWriter out(0x10, NLM_F_REQUEST);
  const auto nest = out.open(3);
  out.number(1, std::uint8_t{7});
  out.close(nest);
  out.text(2, "ab");
  const std::vector<std::uint8_t> expected = {
      36, 0, 0, 0,    0x10, 0,   1, 0, 0, 0, 0, 0, 0, 0, 0, 0,  // nlmsghdr
      12, 0, 3, 0x80, 5,    0,   1, 0, 7, 0, 0, 0,              // nest, u8 and its padding
      7,  0, 2, 0,    'a',  'b', 0, 0};
  EXPECT_EQ(out.take(), expected);
}

TEST(Attributes, StopsAtALengthThatPointsBehindTheEnd) {
  const std::vector<std::uint8_t> bytes = {8, 0, 1, 0, 1, 2, 3, 4, 9, 0, 2, 0, 1, 2, 3, 4};
  Attributes attributes(bytes);
  EXPECT_EQ(attributes.next()->type, 1);
  EXPECT_FALSE(attributes.next());
  EXPECT_TRUE(attributes.malformed());
}

TEST(Attributes, StopsAtALengthSmallerThanItsHeader) {
  const std::vector<std::uint8_t> bytes = {3, 0, 1, 0};
  Attributes attributes(bytes);
  EXPECT_FALSE(attributes.next());
  EXPECT_TRUE(attributes.malformed());
}

TEST(Attributes, SaysThatTheFixedHeaderIsCutShort) {
  const std::vector<std::uint8_t> bytes = {1, 2};
  EXPECT_TRUE(Attributes(bytes, 4).malformed());
}

TEST(Attribute, RefusesANumberOfAnotherSize) {
  const std::vector<std::uint8_t> bytes = {1, 2};
  const Attribute attribute{.type = 1, .payload = bytes};
  EXPECT_FALSE(attribute.as<std::uint32_t>());
  EXPECT_EQ(attribute.as_big<std::uint16_t>(), 0x0102);
}

TEST(Attribute, TextEndsAtTheZeroByteOrTheEnd) {
  const std::vector<std::uint8_t> bytes = {'a', 0, 'b'};
  EXPECT_EQ((Attribute{.type = 1, .payload = bytes}).text(), "a");
  EXPECT_EQ((Attribute{.type = 1, .payload = Bytes(bytes).first(1)}).text(), "a");
}

RC_GTEST_PROP(Cursors, NeverLeaveTheirBuffer, (const std::vector<std::uint8_t>& bytes)) {
  // The sanitizers are the judges; that every walk ends is the rest of the proof.
  // A copy has no spare room behind it in which a read too far would go unseen.
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization)
  const std::vector<std::uint8_t> exact(bytes);
  Messages messages(exact);
  while (const auto message = messages.next()) {
    (void)decode_ack(*message);
    Attributes attributes(message->payload);
    while (attributes.next()) {
    }
  }
  Attributes attributes(exact);
  while (attributes.next()) {
  }
}

std::vector<std::uint8_t> error_message(int error, bool capped, const char* text) {
  const auto flags = static_cast<std::uint16_t>(NLM_F_ACK_TLVS | (capped ? NLM_F_CAPPED : 0));
  MessageWriter out(NLMSG_ERROR, flags);
  nlmsgerr header{};
  header.error = -error;
  header.msg.nlmsg_len = NLMSG_HDRLEN + 8;
  out.header(header);
  if (!capped) {
    out.header(std::uint64_t{0});  // what was asked, repeated
  }
  out.number(NLMSGERR_ATTR_OFFS, std::uint32_t{16});
  out.text(NLMSGERR_ATTR_MSG, text);
  return out.take();
}

TEST(DecodeAck, KeepsTheKernelsWords) {
  for (const bool capped : {true, false}) {
    const auto bytes = error_message(EINVAL, capped, "Invalid prefix for given prefix length");
    const auto ack = decode_ack(*Messages(bytes).next());
    ASSERT_TRUE(ack);
    EXPECT_EQ(ack->error, EINVAL);
    EXPECT_EQ(ack->text, "Invalid prefix for given prefix length") << capped;
  }
}

TEST(DecodeAck, ReadsTheErrorThatADumpEndsWith) {
  MessageWriter out(NLMSG_DONE, NLM_F_MULTI | NLM_F_ACK_TLVS);
  out.header(std::int32_t{-ENOENT});
  out.text(NLMSGERR_ATTR_MSG, "ipv4: FIB table does not exist");
  const auto bytes = out.take();
  const auto ack = decode_ack(*Messages(bytes).next());
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->error, ENOENT);
  EXPECT_EQ(ack->text, "ipv4: FIB table does not exist");
}

TEST(DecodeAck, LeavesOtherMessagesAlone) {
  const auto bytes = MessageWriter(0x20, 0).take();
  EXPECT_FALSE(decode_ack(*Messages(bytes).next()));
}

}  // namespace
}  // namespace cw::netlink
