// SPDX-License-Identifier: Apache-2.0
#include "cli/edit_session.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/file.h>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/unique_fd.h"
#include "network/edit/new_network.h"
#include "network/load/directory_writer.h"

namespace cw::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kSite = "sites/office.toml";

class EditSessions : public ::testing::Test {
 protected:
  EditSessions() {
    std::string pattern = fs::temp_directory_path() / "causeway-test.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    network::NewNetwork wanted;
    wanted.name = "acme";
    wanted.site = "office";
    wanted.router = "router-a";
    wanted.pool = *net::Prefix::parse("100.83.0.0/16");
    wanted.ula = *net::Prefix::parse("fd00:83::/48");
    const auto changes = network::new_network(wanted);
    EXPECT_TRUE(changes && network::write_changes(folder_, *changes));
  }

  ~EditSessions() override { fs::remove_all(folder_); }

  EditSessions(const EditSessions&) = delete;
  EditSessions(EditSessions&&) = delete;
  EditSessions& operator=(const EditSessions&) = delete;
  EditSessions& operator=(EditSessions&&) = delete;

  [[nodiscard]] std::string text(const std::string& file) const {
    return *read_file(folder_ + "/" + file, 100'000);
  }

  void append(const std::string& file, const std::string& more) const {
    std::ofstream(folder_ + "/" + file, std::ios::app) << more;
  }

  // Whether nobody holds the lock; it is not kept.
  [[nodiscard]] bool is_free() const {
    const UniqueFd other(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return ::flock(other.get(), LOCK_EX | LOCK_NB) == 0;
  }

  [[nodiscard]] std::optional<EditSession> open(
      EditSession::Purpose purpose = EditSession::Purpose::Edit) const {
    return EditSession::open(folder_, {}, purpose);
  }

  static network::Changes with(const std::string& before, const std::string& more) {
    return {{.path = kSite, .content = before + more}};
  }

  std::string folder_;
};

TEST_F(EditSessions, WriteWhatNobodyChangedMeanwhile) {
  const auto session = open();
  ASSERT_TRUE(session);
  const auto before = *session->text(kSite);
  EXPECT_TRUE(session->commit(with(before, "# mine\n")));
  EXPECT_EQ(text(kSite), before + "# mine\n");
}

TEST_F(EditSessions, OverwriteNothingThatAnEditorWroteMeanwhile) {
  const auto session = open();
  ASSERT_TRUE(session);
  const auto before = *session->text(kSite);
  append(kSite, "# theirs\n");
  const auto done = session->commit(with(before, "# mine\n"));
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("meanwhile"), std::string::npos);
  EXPECT_EQ(text(kSite), before + "# theirs\n");
}

// What was worked out may rest on any file: a free address, a name that nobody has.
TEST_F(EditSessions, WriteNothingWhereAnotherFileIsNew) {
  const auto session = open();
  ASSERT_TRUE(session);
  const auto before = *session->text(kSite);
  append("sites/lab.toml", "id = 2\n[[router]]\nname = \"router-b\"\n");
  EXPECT_FALSE(session->commit(with(before, "# mine\n")));
  EXPECT_EQ(text(kSite), before);
}

TEST_F(EditSessions, KnowWhatOfTheChangesIsThere) {
  const auto session = open();
  ASSERT_TRUE(session);
  const auto changes = with(*session->text(kSite), "# mine\n");
  EXPECT_FALSE(session->has_any(changes));
  EXPECT_TRUE(session->commit(changes));
  EXPECT_TRUE(session->has_any(changes));
}

TEST_F(EditSessions, LockTheDirectoryUntilTheyEnd) {
  auto session = open();
  ASSERT_TRUE(session);
  EXPECT_FALSE(is_free());
  ASSERT_TRUE(session->commit(with(*session->text(kSite), "# mine\n")));
  EXPECT_FALSE(is_free());
  session.reset();
  EXPECT_TRUE(is_free());
}

TEST_F(EditSessions, OfThoseWhoOnlyLookHoldUpNobody) {
  const auto session = open(EditSession::Purpose::Look);
  ASSERT_TRUE(session);
  EXPECT_TRUE(is_free());
}

}  // namespace
}  // namespace cw::cli
