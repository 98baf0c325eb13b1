// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/full_disk.h"

namespace cw {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Files : public ::testing::Test {
 protected:
  Files() {
    std::string pattern = fs::temp_directory_path() / "causeway-test.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }

  ~Files() override { fs::remove_all(folder_); }

  Files(const Files&) = delete;
  Files(Files&&) = delete;
  Files& operator=(const Files&) = delete;
  Files& operator=(Files&&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return folder_ / name; }

  [[nodiscard]] std::string holding(const std::string& content) const {
    std::ofstream(path("file")) << content;
    return path("file");
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      all.push_back(entry.path().filename());
    }
    std::ranges::sort(all);
    return all;
  }

 private:
  fs::path folder_;
};

TEST_F(Files, AreReadUpToTheLimitAndNotAByteBeyond) {
  constexpr std::size_t kSize = 40'000;  // more than one read
  const auto file = holding(std::string(kSize, 'x'));
  EXPECT_EQ(read_file(file, kSize)->size(), kSize);
  const auto beyond = read_file(file, kSize - 1);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().kind, ErrorKind::Exhausted);
  EXPECT_THAT(beyond.error().to_text(), HasSubstr(file));
  EXPECT_THAT(beyond.error().to_text(), HasSubstr("39999 bytes"));
}

TEST_F(Files, AnEmptyOneIsEmptyAndAMissingOneIsNotFound) {
  EXPECT_EQ(*read_file(holding(""), 0), "");
  EXPECT_EQ(read_file(path("none"), 10).error().kind, ErrorKind::NotFound);
}

TEST_F(Files, OneThatNeverEndsIsNotRead) {
  const auto device = read_file("/dev/zero", 10);
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().kind, ErrorKind::Invalid);
  EXPECT_THAT(device.error().message, HasSubstr("not a regular file"));
}

TEST_F(Files, AFifoWithoutAWriterKeepsNobodyWaiting) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(read_file(path("fifo"), 10).error().kind, ErrorKind::Invalid);
}

TEST_F(Files, AFolderIsNoFile) {
  EXPECT_EQ(read_file(path("."), 10).error().kind, ErrorKind::Invalid);
}

TEST_F(Files, AreWrittenWholeAndLeaveNothingElse) {
  const std::string content(100'000, 'y');
  const auto file = holding("old and longer than nothing");
  ASSERT_TRUE(write_file_atomically(file, content));
  EXPECT_EQ(*read_file(file, content.size()), content);
  EXPECT_THAT(names(), ElementsAre("file"));
}

TEST_F(Files, AreReplacedAndNotWrittenOver) {
  const auto file = holding("old");
  const auto reader = open_regular(file);
  ASSERT_TRUE(reader);
  ASSERT_TRUE(write_file_atomically(file, "new"));
  EXPECT_EQ(*read_all(reader->get(), 10, file), "old") << "whoever had it open has the old one";
  EXPECT_EQ(*read_file(file, 10), "new");
}

TEST_F(Files, ThatCannotBeReplacedStayAndLeaveNothingBehind) {
  fs::create_directory(path("taken"));
  EXPECT_FALSE(write_file_atomically(path("taken"), "new"));
  EXPECT_THAT(names(), ElementsAre("taken"));
  EXPECT_EQ(write_file_atomically(path("no/folder"), "new").error().kind, ErrorKind::NotFound);
}

TEST_F(Files, NeitherADeviceNorAFifoIsReplaced) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(write_file_atomically(path("fifo"), "new").error().kind, ErrorKind::Exists);
  EXPECT_TRUE(fs::is_fifo(path("fifo")));
}

// What an earlier writer left half done, or what another is at.
TEST_F(Files, AreWrittenUnderANameThatNobodyElseHas) {
  const auto other = path("state.new");
  std::ofstream(other) << "another writer's";
  ASSERT_TRUE(write_file_atomically(path("state"), "mine"));
  EXPECT_EQ(*read_file(other, 100), "another writer's");
  EXPECT_EQ(*read_file(path("state"), 100), "mine");
  EXPECT_THAT(names(), ElementsAre("state", "state.new"));
}

// On one name, writers would truncate each other's file and rename what the other had begun.
TEST_F(Files, OfWritersAtOnceAreEachWholeAndNoWriterFails) {
  constexpr int kRounds = 50;
  constexpr std::size_t kSize = 20'000;
  const auto write = [&](char letter, int& failed) {
    const std::string content(kSize, letter);
    for (int i = 0; i < kRounds; ++i) {
      failed += write_file_atomically(path("state"), content) ? 0 : 1;
    }
  };
  int failed_a = 0;
  int failed_b = 0;
  std::thread a(write, 'a', std::ref(failed_a));
  std::thread b(write, 'b', std::ref(failed_b));
  a.join();
  b.join();
  EXPECT_EQ(failed_a + failed_b, 0);
  const auto last = *read_file(path("state"), kSize);
  EXPECT_TRUE(last == std::string(kSize, 'a') || last == std::string(kSize, 'b'));
  EXPECT_THAT(names(), ElementsAre("state"));
}

TEST_F(Files, HaveTheModeThatWasAskedForWhateverTheOldOneHad) {
  const auto file = holding("old");
  fs::permissions(file, fs::perms::all);
  ASSERT_TRUE(write_file_atomically(file, "secret", 0600));
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Files, ThatDoNotFitLeaveTheOldOneAndNothingElse) {
  const auto file = holding("old");
  {
    const test::FullDisk full;
    EXPECT_FALSE(write_file_atomically(file, "new"));
    EXPECT_FALSE(create_file(path("other"), "new", 0600));
  }
  EXPECT_EQ(*read_file(file, 100), "old");
  EXPECT_THAT(names(), ElementsAre("file"));
}

}  // namespace
}  // namespace cw
