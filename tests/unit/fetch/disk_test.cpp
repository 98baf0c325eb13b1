// SPDX-License-Identifier: Apache-2.0
#include "fetch/disk/disk.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include <sys/stat.h>

#include <gtest/gtest.h>
#include <unistd.h>

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

TEST_F(Disk, IsNotWrittenWhereNothingShouldBe) {
  const Upload upload{.to = at("net"), .content = "ours", .replaces = {}, .only_new = true};
  EXPECT_TRUE(put_on_disk(upload));
  const auto again = put_on_disk(upload);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::Exists);
}

TEST_F(Disk, IsNotWrittenInPlaceOfWhatWasRemoved) {
  folder_.write("net", "old");
  const auto seen = get_from_disk({.from = at("net"), .known = {}})->version;
  ::unlink(at("net").text.c_str());
  EXPECT_EQ(put_on_disk({.to = at("net"), .content = "ours", .replaces = seen}).error().kind,
            ErrorKind::Exists);
}

// Each adds a line to what it has read, and reads again where it was too late.
void append(const Location& to, int times) {
  for (int done = 0; done < times;) {
    const auto before = get_from_disk({.from = to, .known = {}});
    const auto put = put_on_disk(
        {.to = to, .content = *before->content + "line\n", .replaces = before->version});
    if (!put && put.error().kind != ErrorKind::Exists) {
      ADD_FAILURE() << put.error().to_text();
      return;
    }
    done += put ? 1 : 0;
  }
}

TEST_F(Disk, LosesNothingOfTwoWhoReplaceTheSame) {
  constexpr int kTimes = 100;
  folder_.write("net", "");
  std::thread other([&] { append(at("net"), kTimes); });
  append(at("net"), kTimes);
  other.join();
  const auto content = *get_from_disk({.from = at("net"), .known = {}})->content;
  EXPECT_EQ(std::ranges::count(content, '\n'), 2 * kTimes);
}

TEST_F(Disk, KeepsTheModeOfWhatItReplaces) {
  folder_.write("net", "old");
  ASSERT_EQ(::chmod(at("net").text.c_str(), 0640), 0);
  ASSERT_TRUE(put_on_disk({.to = at("net"), .content = "new", .replaces = {}}));
  struct stat status{};
  ASSERT_EQ(::stat(at("net").text.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0640U);
}

TEST_F(Disk, WritesWhatALinkLeadsTo) {
  folder_.write("real", "old");
  ASSERT_EQ(::symlink("real", at("net").text.c_str()), 0);
  ASSERT_TRUE(put_on_disk({.to = at("net"), .content = "new", .replaces = {}}));
  EXPECT_EQ(get_from_disk({.from = at("real"), .known = {}})->content, "new");
  EXPECT_TRUE(std::filesystem::is_symlink(at("net").text));
}

TEST_F(Disk, RefusesALinkThatLeadsNowhere) {
  ASSERT_EQ(::symlink("none", at("net").text.c_str()), 0);
  const auto put = put_on_disk({.to = at("net"), .content = "new", .replaces = {}});
  ASSERT_FALSE(put);
  EXPECT_NE(put.error().to_text().find("a link that leads nowhere"), std::string::npos);
}

}  // namespace
}  // namespace cw::fetch
