// SPDX-License-Identifier: Apache-2.0
// The answers are those of etcd 3.4.23, as they came.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "ha/etcd/codec/lines.h"
#include "ha/etcd/codec/messages.h"
#include "ha/etcd/codec/record.h"

namespace cw::ha::etcd {
namespace {

using ::testing::HasSubstr;

const Site kSite{.network = "net-1", .number = 7};

Record example() {
  return {.term = 5,
          .owner = "router-a",
          .successor = "router-b",
          .renewal = 12,
          .serial = 7,
          .held = 1};
}

constexpr auto kExample =
    R"({"format":1,"held":1,"owner":"router-a","renewal":12,"serial":7,"successor":"router-b","term":5})";

// kExample and "/causeway/net-1/7/gw-a" in base64, by base64(1).
constexpr auto kExample64 =
    "eyJmb3JtYXQiOjEsImhlbGQiOjEsIm93bmVyIjoicm91dGVyLWEiLCJyZW5ld2FsIjoxMiwic2VyaWFsIjo3LCJzdWNjZX"
    "Nzb3IiOiJyb3V0ZXItYiIsInRlcm0iOjV9";
constexpr auto kKey64 = "L2NhdXNld2F5L25ldC0xLzcvZ3ctYQ==";
constexpr auto kHeader =
    R"("header":{"cluster_id":"324952591200643719","member_id":"3319814642761637952","revision":"9","raft_term":"2"})";

std::string pair(const std::string& key = kKey64, const std::string& value = kExample64) {
  return R"({"key":")" + key +
         R"(","create_revision":"2","mod_revision":"8","version":"1","value":")" + value + R"("})";
}

std::string with(const std::string& members) {
  return std::string("{") + kHeader + (members.empty() ? "" : ",") + members + "}";
}

std::string name_of(std::size_t length) {
  return std::string(length, 'r');
}

TEST(EtcdRecord, IsThisText) {
  EXPECT_EQ(to_json(example()), kExample);
  EXPECT_EQ(record_from_json(kExample), example());
}

RC_GTEST_PROP(EtcdRecord, SaysTheSameWhenItIsRead, ()) {
  const Record record{.term = *rc::gen::arbitrary<std::uint64_t>(),
                      .owner = name_of(*rc::gen::inRange<std::size_t>(1, kMostName + 1)),
                      .successor = name_of(*rc::gen::inRange<std::size_t>(0, kMostName + 1)),
                      .renewal = *rc::gen::arbitrary<std::uint64_t>(),
                      .serial = *rc::gen::arbitrary<std::uint64_t>(),
                      .held = *rc::gen::arbitrary<std::uint32_t>()};
  RC_ASSERT(record_from_json(*to_json(record)) == record);
}

TEST(EtcdRecord, FitsWhenItIsTheLongest) {
  const Record record{.term = ~std::uint64_t{0},
                      .owner = name_of(kMostName),
                      .successor = name_of(kMostName),
                      .renewal = ~std::uint64_t{0},
                      .serial = ~std::uint64_t{0},
                      .held = ~std::uint32_t{0}};
  EXPECT_EQ(record_from_json(*to_json(record)), record);
}

TEST(EtcdRecord, IsNotWrittenWithANameThatIsNone) {
  Record record = example();
  record.owner = "";
  EXPECT_FALSE(to_json(record));
  record = example();
  record.successor = "A\n";
  EXPECT_FALSE(to_json(record));
}

TEST(EtcdRecord, OfAnotherFormatSaysWhatToDo) {
  std::string text = kExample;
  text.replace(text.find("\"format\":1"), 10, "\"format\":2");
  const auto record = record_from_json(text);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().kind, ErrorKind::Unsupported);
  EXPECT_THAT(record.error().to_text(), HasSubstr("the same version on all routers"));
}

class EtcdRecordRefused : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(EtcdRecordRefused, Where) {
  std::string text = kExample;
  const std::string from = GetParam().first;
  text.replace(text.find(from), from.size(), GetParam().second);
  EXPECT_FALSE(record_from_json(text)) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Etcd, EtcdRecordRefused,
    ::testing::Values(std::pair(kExample, ""), std::pair(kExample, "[]"), std::pair(kExample, "{}"),
                      std::pair(",\"term\":5", ""), std::pair("\"term\":5", "\"term\":-5"),
                      std::pair("\"term\":5", "\"term\":\"5\""),
                      std::pair("\"term\":5", "\"term\":5.5"),
                      std::pair("\"term\":5", "\"term\":18446744073709551616"),
                      std::pair("\"held\":1", "\"held\":4294967296"), std::pair("router-a", ""),
                      std::pair("router-a", "Router"), std::pair("\"router-a\"", "null"),
                      std::pair("\"router-b\"", "[]"),
                      std::pair("\"term\":5", "\"term\":5,\"more\":1")));

TEST(EtcdRecord, OverItsLimitIsNotParsed) {
  EXPECT_FALSE(record_from_json(std::string(kExample) + std::string(kMostRecord, ' ')));
}

TEST(EtcdRequests, AreTheseTexts) {
  EXPECT_EQ(key_of(kSite, "gw-a"), "/causeway/net-1/7/gw-a");
  EXPECT_EQ(read_request(kSite, "gw-a"), std::string(R"({"key":")") + kKey64 + R"("})");
  EXPECT_EQ(
      read_all_request(kSite),
      R"({"key":"L2NhdXNld2F5L25ldC0xLzcv","limit":"256","range_end":"L2NhdXNld2F5L25ldC0xLzcw"})");
  EXPECT_EQ(
      watch_request(kSite, 10),
      R"({"create_request":{"key":"L2NhdXNld2F5L25ldC0xLzcv","range_end":"L2NhdXNld2F5L25ldC0xLzcw","start_revision":"10"}})");
  const auto write =
      write_request(kSite, {.gateway = "gw-a", .request = 1, .expected = 8, .record = example()});
  EXPECT_EQ(write, std::string(R"({"compare":[{"key":")") + kKey64 +
                       R"(","mod_revision":"8","result":"EQUAL","target":"MOD"}],)" +
                       R"("failure":[{"request_range":{"key":")" + kKey64 + R"("}}],)" +
                       R"("success":[{"request_put":{"key":")" + kKey64 + R"(","value":")" +
                       kExample64 + R"("}}]})");
  EXPECT_EQ(login_request("r\"", net::Secret("p\\w\xff")).expose(),
            "{\"name\":\"r\\\"\",\"password\":\"p\\\\w\xEF\xBF\xBD\"}");
}

TEST(EtcdSite, MayNotLeaveItsPrefix) {
  EXPECT_TRUE(check(kSite));
  EXPECT_FALSE(check({.network = "", .number = 7}));
  EXPECT_FALSE(check({.network = "a/b", .number = 7}));
  EXPECT_FALSE(check({.network = "net-1", .number = 0}));
}

TEST(EtcdReading, FindsTheRecordOrNone) {
  const auto none = read_answer(kSite, "gw-a", with(""));
  ASSERT_TRUE(none) << none.error().to_text();
  EXPECT_EQ(none->current, VersionedRecord{});
  EXPECT_EQ(none->header, (Header{.cluster = 324952591200643719, .revision = 9}));
  const auto one = read_answer(kSite, "gw-a", with(R"("kvs":[)" + pair() + R"(],"count":"1")"));
  ASSERT_TRUE(one) << one.error().to_text();
  EXPECT_EQ(one->current, (VersionedRecord{.version = 8, .record = example()}));
}

TEST(EtcdReading, TellsWhichRecordIsNone) {
  const auto read = read_answer(kSite, "gw-a", with(R"("kvs":[)" + pair(kKey64, "e30=") + "]"));
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().to_text(), HasSubstr("/causeway/net-1/7/gw-a"));
  EXPECT_THAT(read.error().to_text(), HasSubstr("etcdctl"));
}

TEST(EtcdReading, RefusesWhatWasNotAsked) {
  EXPECT_FALSE(read_answer(kSite, "gw-b", with(R"("kvs":[)" + pair() + "]")));
  EXPECT_FALSE(read_answer(kSite, "gw-a", with(R"("kvs":[)" + pair() + "," + pair() + "]")));
  EXPECT_FALSE(read_answer(kSite, "gw-a", with(R"("kvs":[1])")));
  EXPECT_FALSE(read_answer(kSite, "gw-a", with(R"("kvs":[{}])")));
  EXPECT_FALSE(read_answer(kSite, "gw-a", with(R"("kvs":[)" + pair("%%") + "]")));
  EXPECT_FALSE(read_answer(kSite, "gw-a", "{}"));
  EXPECT_FALSE(read_answer(kSite, "gw-a", ""));
  EXPECT_FALSE(read_answer(kSite, "gw-a", std::string(100'000, '[')));
  EXPECT_FALSE(read_answer(kSite, "gw-a", with("\"x\":" + std::string(100'000, '['))));
}

TEST(EtcdReading, OfAllLeavesOutOtherKeysAndTellsOfBadRecords) {
  // .../7/gw_b, which is no gateway's name, and .../7/gw-b
  const auto all = read_all_answer(
      kSite, with(R"("kvs":[)" + pair() + "," + pair("L2NhdXNld2F5L25ldC0xLzcvZ3dfYg==") + "," +
                  pair("L2NhdXNld2F5L25ldC0xLzcvZ3ctYg==", "e30=") + "]"));
  ASSERT_TRUE(all) << all.error().to_text();
  ASSERT_EQ(all->found.size(), 2U);
  EXPECT_EQ(all->found[0].gateway, "gw-a");
  EXPECT_EQ(all->found[0].current, (VersionedRecord{.version = 8, .record = example()}));
  EXPECT_EQ(all->found[1].gateway, "gw-b");
  EXPECT_FALSE(all->found[1].current);
  EXPECT_FALSE(read_all_answer(kSite, with(R"("more":true)")));
  EXPECT_FALSE(
      read_all_answer({.network = "net-1", .number = 8}, with(R"("kvs":[)" + pair() + "]")));
}

TEST(EtcdWriting, IsDoneOrShowsWhatIsThere) {
  const WriteRecord write{.gateway = "gw-a", .request = 1, .expected = 0, .record = example()};
  const auto done = write_answer(
      kSite, write,
      with(R"("succeeded":true,"responses":[{"response_put":{"header":{"revision":"9"}}}])"));
  ASSERT_TRUE(done) << done.error().to_text();
  EXPECT_TRUE(done->written);
  EXPECT_EQ(done->current, (VersionedRecord{.version = 9, .record = example()}));
  const auto not_done =
      write_answer(kSite, write,
                   with(R"("responses":[{"response_range":{"header":{"revision":"9"},"kvs":[)" +
                        pair() + R"(],"count":"1"}}])"));
  ASSERT_TRUE(not_done) << not_done.error().to_text();
  EXPECT_FALSE(not_done->written);
  EXPECT_EQ(not_done->current, (VersionedRecord{.version = 8, .record = example()}));
  const auto gone = write_answer(
      kSite, write, with(R"("responses":[{"response_range":{"header":{"revision":"9"}}}])"));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->current, VersionedRecord{});
  EXPECT_FALSE(write_answer(kSite, write, with("")));
}

TEST(EtcdWatching, BringsChangesAndDeletions) {
  const auto message = watch_message(
      kSite, R"({"result":)" +
                 with(R"("events":[{"kv":)" + pair() + R"(},{"type":"DELETE","kv":{"key":")" +
                      kKey64 + R"(","mod_revision":"9"}}])") +
                 "}");
  ASSERT_TRUE(message) << message.error().to_text();
  EXPECT_EQ(message->brought, 9U);
  ASSERT_EQ(message->changes.size(), 2U);
  EXPECT_EQ(message->changes[0].current, (VersionedRecord{.version = 8, .record = example()}));
  EXPECT_EQ(message->changes[1].gateway, "gw-a");
  EXPECT_EQ(message->changes[1].revision, 9U);
  EXPECT_EQ(message->changes[1].current, VersionedRecord{});
}

TEST(EtcdWatching, BeginsAndEnds) {
  EXPECT_TRUE(watch_message(kSite, R"({"result":)" + with(R"("created":true)") + "}")->created);
  const auto compacted = watch_message(
      kSite, R"({"result":)" + with(R"("canceled":true,"compact_revision":"3")") + "}");
  EXPECT_TRUE(compacted->cancelled);
  EXPECT_TRUE(compacted->compacted);
  const auto cut_off = watch_message(
      kSite,
      R"({"error":{"grpc_code":14,"http_code":503,"message":"etcdserver: no leader","http_status":"Service Unavailable"}})");
  EXPECT_TRUE(cut_off->cancelled);
  EXPECT_EQ(cut_off->reason, "etcdserver: no leader");
  EXPECT_FALSE(watch_message(kSite, "{}"));
  EXPECT_FALSE(watch_message(kSite, R"({"result":)" + with(R"("events":[{}])") + "}"));
}

TEST(EtcdLogin, TakesATokenThatCanBeAHeader) {
  EXPECT_EQ(login_answer(with(R"("token":"YpBVbCOwGtKXNepH.18")"))->expose(),
            "YpBVbCOwGtKXNepH.18");
  EXPECT_FALSE(login_answer(with("")));
  EXPECT_FALSE(login_answer(with(R"("token":"a\r\nX: y")")));
  EXPECT_FALSE(login_answer(with(R"("token":")" + std::string(5000, 'x') + "\"")));
}

TEST(EtcdFailures, SayWhetherItMayHaveBeenExecuted) {
  const auto token = failure_of(401, R"({"message":"etcdserver: invalid auth token","code":16})");
  EXPECT_FALSE(token.executed_perhaps);
  EXPECT_TRUE(token.token_is_bad);
  EXPECT_THAT(token.error.to_text(), HasSubstr("invalid auth token"));
  EXPECT_FALSE(failure_of(403, R"({"message":"permission denied","code":7})").executed_perhaps);
  EXPECT_FALSE(
      failure_of(429, R"({"message":"database space exceeded","code":8})").executed_perhaps);
  EXPECT_TRUE(failure_of(503, R"({"message":"etcdserver: no leader","code":14})").executed_perhaps);
  EXPECT_TRUE(failure_of(504, R"({"message":"timed out","code":4})").executed_perhaps);
  EXPECT_TRUE(failure_of(500, "words of a proxy").executed_perhaps);
  EXPECT_TRUE(failure_of(408, "").executed_perhaps);
  EXPECT_FALSE(failure_of(404, "404 page not found").executed_perhaps);
}

RC_GTEST_PROP(EtcdLines, AreTheSameHoweverTheyArrive, ()) {
  const auto count = *rc::gen::inRange(0, 5);
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < count; ++i) {
    expected.push_back(name_of(*rc::gen::inRange<std::size_t>(1, 20)));
    text += expected.back() + "\n";
  }
  Lines lines(20);
  std::vector<std::string> got;
  while (!text.empty()) {
    const auto size = *rc::gen::inRange<std::size_t>(1, text.size() + 1);
    RC_ASSERT(lines.add(text.substr(0, size)).has_value());
    text.erase(0, size);
    while (auto line = lines.next()) {
      got.push_back(*line);
    }
  }
  RC_ASSERT(got == expected);
}

TEST(EtcdLines, EndAtTheirLimit) {
  Lines lines(4);
  EXPECT_TRUE(lines.add("abcd"));
  EXPECT_FALSE(lines.add("e"));
}

}  // namespace
}  // namespace cw::ha::etcd
