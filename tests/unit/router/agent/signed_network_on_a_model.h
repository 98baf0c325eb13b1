// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "network/load/directory_reader.h"
#include "network/netmap_json.h"
#include "tests/support/signing.h"
#include "tests/unit/router/agent/agent_on_a_model.h"

// An agent on the model kernel, and the signed network that it is to serve.
namespace cw::agent {

using test::signing_key;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SignedNetwork : public AgentOnAModel {
 protected:
  // A signed file on disk; served() puts a server in front of it.
  SignedNetwork() {
    std::filesystem::create_directory(temp_ / "web");
    signed_ = SignedSetup{.where = {fetch::Location::Kind::Path, temp_ / "web/net"},
                          .trust = {.keys = {signing_key(1).public_key()}, .network_id = {}},
                          .tls = {},
                          .interval = std::chrono::milliseconds(200),
                          .max_age = std::nullopt};
  }

  network::Netmap compiled() {
    network::DirectoryReader reader(temp_ / "network", clock_);
    EXPECT_TRUE(reader.refresh());
    return *reader.compile().netmap;
  }

  void put(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(write_file_atomically(temp_ / "web/" + name, text));
  }

  std::string bundle(std::uint64_t serial, std::optional<std::chrono::seconds> confirm = {},
                     std::uint64_t revocations = 0) {
    const auto netmap = compiled();
    return test::bundle(netmap, {.serial = serial,
                                 .network = netmap.ula,
                                 .time = clock_.wall(),
                                 .revocations = revocations,
                                 .confirm = confirm});
  }

  void publish(std::uint64_t serial, std::optional<std::chrono::seconds> confirm = {}) {
    put("net", bundle(serial, confirm));
  }

  void revoke(std::uint64_t serial, const std::string& peer, std::uint8_t key = 1) {
    const auto netmap = compiled();
    const auto found = std::ranges::find(netmap.peers, peer, &network::Peer::name);
    const network::Revocations list{
        .revoked = {{.peer = peer, .public_key = found->public_key, .time = clock_.wall()}}};
    put("net.revoked", network::make_bundle(network::to_json(list),
                                            {.content = network::Content::Revocations,
                                             .serial = serial,
                                             .network = netmap.ula,
                                             .time = clock_.wall()},
                                            signing_key(key)));
  }

  std::optional<std::uint64_t> serial() {
    return agent_->status().signed_source.value_or(api::SourceStatus{}).serial;
  }

  bool reaches(std::uint64_t wanted) {
    return run_until([&] { return serial() == wanted; });
  }

  api::Answer reload() {
    const auto answer = ask([this] { return client_.reload(); });
    EXPECT_TRUE(answer) << answer.error().message;
    return answer.value_or(api::Answer{});
  }

  // Offered, and it changes nothing but what status, metrics and journal say.
  void expect_refused(const std::string& offer, const std::string& why) {
    publish(42);
    start();
    ASSERT_TRUE(reaches(42));
    const int writes = kernel_.writes;
    put("net", offer);
    ASSERT_TRUE(run_until([&] { return agent_->status().refused.has_value(); }));
    EXPECT_THAT(agent_->status().refused->text, HasSubstr(why));
    EXPECT_EQ(serial(), 42U);
    EXPECT_EQ(journal_.count(Event::NetworkRefused), 1U);
    const auto answer = reload();
    EXPECT_FALSE(answer.done);
    EXPECT_THAT(answer.diagnostics, HasSubstr(why));
    EXPECT_EQ(kernel_.writes, writes);
    publish(43);
    EXPECT_TRUE(run_until([&] { return !agent_->status().refused; }));
  }
};

}  // namespace cw::agent
