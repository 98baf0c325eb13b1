// SPDX-License-Identifier: Apache-2.0
#include "router/failover/probes.h"

#include <cerrno>

#include <netinet/in.h>
#include <sys/socket.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "router/failover/socket_address.h"

namespace cw::failover {
namespace {

using ::testing::ElementsAre;

struct Listener {
  UniqueFd fd;
  net::SocketAddress address{.ip = net::Ip::v4(INADDR_LOOPBACK), .port = 0};
};

// With a port of the kernel's choice.
Listener listener(bool listens) {
  Listener made{.fd = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0))};
  auto name = name_of(made.address);
  EXPECT_EQ(::bind(made.fd.get(), name.generic(), name.size), 0);
  EXPECT_TRUE(!listens || ::listen(made.fd.get(), 1) == 0);
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  EXPECT_EQ(::getsockname(made.fd.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  made.address.port = ntohs(bound.sin_port);
  return made;
}

TEST(Probes, WhatAnswersIsReachedAndHearsOfNothingAndARefusalIsTrouble) {
  auto loop = agent::Loop::create();
  ASSERT_TRUE(loop);
  const auto open = listener(true);
  const auto closed = listener(false);
  std::vector<std::string> told(2, "nothing");
  int count = 0;
  const auto probes = Probes::create(*loop, [&](std::size_t target, std::string trouble) {
    told.at(target) = std::move(trouble);
    if (++count == 2) {
      loop->stop(0);
    }
  });
  ASSERT_TRUE(probes);
  (*probes)->configure({open.address, closed.address});
  if (count < 2) {
    ASSERT_TRUE(loop->run());
  }
  EXPECT_THAT(told, ElementsAre("", "Connection refused"));
  EXPECT_LT(::accept4(open.fd.get(), nullptr, nullptr, SOCK_CLOEXEC), 0);
  EXPECT_EQ(errno, EAGAIN) << "the handshake was completed";
}

// A full queue of connections drops SYNs without a word.
TEST(Probes, WhatDoesNotAnswerInTimeIsTrouble) {
  auto loop = agent::Loop::create();
  ASSERT_TRUE(loop);
  auto full = listener(true);
  ASSERT_EQ(::listen(full.fd.get(), 0), 0);
  std::vector<UniqueFd> waiting;
  for (int i = 0; i < 4; ++i) {
    auto& fd =
        waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    auto name = name_of(full.address);
    const int begun = ::connect(fd.get(), name.generic(), name.size);
    EXPECT_TRUE(begun == 0 || errno == EINPROGRESS);
  }
  std::string told = "nothing";
  const auto probes = Probes::create(*loop, [&](std::size_t, std::string trouble) {
    told = std::move(trouble);
    loop->stop(0);
  });
  ASSERT_TRUE(probes);
  (*probes)->configure({full.address});
  ASSERT_TRUE(loop->run());
  EXPECT_EQ(told, "no answer within 1000 ms");
}

}  // namespace
}  // namespace cw::failover
