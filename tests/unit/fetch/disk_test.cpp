// SPDX-License-Identifier: Apache-2.0
#include "fetch/disk/disk.h"

#include <filesystem>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/unit/router/agent/temp_folder.h"

namespace cw::fetch {
namespace {

class Disk : public ::testing::Test {
 protected:
  [[nodiscard]] Location at(const std::string& name) const {
    return {Location::Kind::Path, folder_ / name};
  }

  agent::TempFolder folder_;
};

TEST_F(Disk, GivesAFileOnceAndThenSaysThatItIsStillThat) {
  folder_.write("net", "content");
  const auto first = get_from_disk({.from = at("net"), .known = {}});
  ASSERT_TRUE(first) << first.error().to_text();
  EXPECT_EQ(first->content, "content");
  const auto second = get_from_disk({.from = at("net"), .known = first->version});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->content, std::nullopt);
  EXPECT_EQ(second->version, first->version);
}

TEST_F(Disk, RefusesMoreThanTheLimit) {
  folder_.write("net", "12345");
  const auto got = get_from_disk({.from = at("net"), .known = {}, .limits = {.size = 4}});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::Exhausted);
}

TEST_F(Disk, SaysThatThereIsNoSuchFile) {
  EXPECT_EQ(get_from_disk({.from = at("none"), .known = {}}).error().kind, ErrorKind::NotFound);
}

TEST_F(Disk, IsWrittenForEverybodyToRead) {
  const auto put = put_on_disk({.to = at("net"), .content = "new", .replaces = {}});
  ASSERT_TRUE(put) << put.error().to_text();
  struct stat status{};
  ASSERT_EQ(::stat(at("net").text.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
  EXPECT_EQ(get_from_disk({.from = at("net"), .known = *put})->content, std::nullopt);
}

TEST_F(Disk, IsNotWrittenOverWhatSomebodyElseWrote) {
  folder_.write("net", "old");
  const auto seen = get_from_disk({.from = at("net"), .known = {}})->version;
  ASSERT_TRUE(put_on_disk({.to = at("net"), .content = "theirs", .replaces = {}}));
  const auto put = put_on_disk({.to = at("net"), .content = "ours", .replaces = seen});
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, ErrorKind::Exists);
  EXPECT_EQ(get_from_disk({.from = at("net"), .known = {}})->content, "theirs");
}

}  // namespace
}  // namespace cw::fetch
