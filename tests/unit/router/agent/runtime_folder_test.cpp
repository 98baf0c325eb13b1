// SPDX-License-Identifier: Apache-2.0
#include "router/agent/runtime_folder.h"

#include <sys/stat.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/router/agent/temp_folder.h"

namespace cw::agent {
namespace {

using ::testing::HasSubstr;

TEST(RuntimeFolder, IsMadeWhereItsParentIs) {
  const TempFolder temp;
  const auto folder = RuntimeFolder::claim(temp / "run");
  ASSERT_TRUE(folder) << folder.error().to_text();
  EXPECT_EQ(folder->socket_path(), temp / "run/control.sock");
}

TEST(RuntimeFolder, SaysWhatToDoWhereItsParentIsNot) {
  const TempFolder temp;
  const auto folder = RuntimeFolder::claim(temp / "no/run");
  ASSERT_FALSE(folder);
  EXPECT_THAT(folder.error().to_text(), HasSubstr("--runtime-dir"));
}

TEST(RuntimeFolder, IsOneAgentsOnly) {
  const TempFolder temp;
  const auto first = RuntimeFolder::claim(temp.path());
  ASSERT_TRUE(first);
  const auto socket = first->listen();
  ASSERT_TRUE(socket);
  const auto second = RuntimeFolder::claim(temp.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::Exists);
  EXPECT_THAT(second.error().to_text(),
              HasSubstr(fmt::format("another causewayd is running (process {})", ::getpid())));
}

TEST(RuntimeFolder, ASocketWithoutAProcessIsReplaced) {
  const TempFolder temp;
  {
    const auto gone = RuntimeFolder::claim(temp.path());
    ASSERT_TRUE(gone->listen());
  }
  ASSERT_TRUE(std::filesystem::exists(temp / "control.sock"));
  const auto folder = RuntimeFolder::claim(temp.path());
  ASSERT_TRUE(folder) << folder.error().to_text();
  const auto socket = folder->listen();
  EXPECT_TRUE(socket) << socket.error().to_text();
}

TEST(RuntimeFolder, TheSocketIsNobodysButTheGroups) {
  const TempFolder temp;
  const auto folder = RuntimeFolder::claim(temp.path());
  const auto socket = folder->listen();
  ASSERT_TRUE(socket);
  struct stat status{};
  ASSERT_EQ(::stat(folder->socket_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07U, 0U);
}

TEST(RuntimeFolder, RemembersSysctls) {
  const TempFolder temp;
  const auto folder = RuntimeFolder::claim(temp.path());
  const std::vector<netlink::Sysctl> before{{"net/ipv4/ip_forward", "0"},
                                            {"net/ipv4/tcp_rmem", "4096 131072 6291456"}};
  ASSERT_TRUE(folder->remember(before));
  EXPECT_EQ(*folder->sysctls_before(), before);
  ASSERT_TRUE(folder->forget_sysctls());
  EXPECT_TRUE(folder->sysctls_before()->empty());
  EXPECT_TRUE(folder->forget_sysctls());
}

TEST(RuntimeFolder, RefusesAListThatIsNotItsOwn) {
  for (const auto* text : {"x", "net/a", "kernel/panic 1\n", "net/../kernel/panic 1\n", "\n"}) {
    EXPECT_FALSE(parse_sysctls(text)) << text;
  }
}

}  // namespace
}  // namespace cw::agent
