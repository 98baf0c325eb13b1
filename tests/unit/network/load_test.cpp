// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/inotify.h>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/unique_fd.h"
#include "network/load/directory_reader.h"
#include "network/load/key_file.h"
#include "network/load/router_file.h"
#include "tests/unit/network/directory_text.h"

namespace cw::network {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Folder : public ::testing::Test {
 protected:
  Folder() {
    std::string pattern = fs::temp_directory_path() / "causeway-test.XXXXXX";
    path = ::mkdtemp(pattern.data());
  }

  ~Folder() override { fs::remove_all(path); }

  Folder(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder& operator=(Folder&&) = delete;

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
  }

  void write_all(const Texts& texts) const {
    for (const auto& [name, text] : texts) {
      write(name, text);
    }
  }

  fs::path path;
};

struct FakeClock final : Clock {
  [[nodiscard]] WallTime wall() const override { return now; }

  [[nodiscard]] SteadyTime steady() const override { return {}; }

  WallTime now = SystemClock().wall() + std::chrono::hours(1);  // what was written has settled
};

class Reading : public Folder {
 protected:
  std::string says() {
    const auto refreshed = reader.refresh();
    EXPECT_TRUE(refreshed) << refreshed.error().to_text();
    return render(reader.compile().diagnostics);
  }

  FakeClock clock;
  DirectoryReader reader{path, clock};
};

TEST_F(Reading, CompilesWhatIsOnDisk) {
  write_all(small_network());
  ASSERT_TRUE(*reader.refresh());
  EXPECT_EQ(reader.compile().netmap, compile(small_network()).netmap);
}

TEST_F(Reading, SeesNothingNewInAnUnchangedDirectory) {
  write_all(small_network());
  ASSERT_TRUE(*reader.refresh());
  EXPECT_FALSE(*reader.refresh());
}

TEST_F(Reading, SeesAChangedANewAndARemovedFile) {
  write_all(small_network());
  ASSERT_TRUE(*reader.refresh());
  write("peers/alice.toml", small_network()["peers/alice.toml"] + "user = \"alice\"\n");
  EXPECT_TRUE(*reader.refresh());
  EXPECT_EQ(reader.compile().netmap->peers[0].user, "alice");
  write("peers/bob.toml",
        "public_key = \"" + std::string(kBobKey) + "\"\naddress = \"100.83.0.6\"\n");
  EXPECT_TRUE(*reader.refresh());
  EXPECT_EQ(reader.compile().netmap->peers.size(), 2U);
  fs::remove(path / "peers/alice.toml");
  EXPECT_TRUE(*reader.refresh());
  EXPECT_EQ(reader.compile().netmap->peers[0].name, "bob");
}

TEST_F(Reading, OfNamedFilesTakesThoseAndNoOther) {
  write_all(small_network());
  ASSERT_TRUE(*reader.refresh());
  const auto bob = "public_key = \"" + std::string(kBobKey) + "\"\naddress = \"100.83.0.6\"\n";
  write("peers/alice.toml", small_network()["peers/alice.toml"] + "user = \"alice\"\n");
  write("peers/bob.toml", bob);
  EXPECT_TRUE(*reader.refresh({"peers/bob.toml"}));
  ASSERT_EQ(reader.compile().netmap->peers.size(), 2U);
  EXPECT_EQ(reader.compile().netmap->peers[0].user, "");
  fs::remove(path / "peers/bob.toml");
  EXPECT_TRUE(*reader.refresh({"peers/bob.toml", "peers/alice.toml"}));
  ASSERT_EQ(reader.compile().netmap->peers.size(), 1U);
  EXPECT_EQ(reader.compile().netmap->peers[0].user, "alice");
  EXPECT_FALSE(*reader.refresh({"peers/bob.toml", "peers/alice.toml", "network.toml"}));
  EXPECT_FALSE(*reader.refresh());
}

// How often a file was opened since the last question.
class Opened {
 public:
  explicit Opened(const fs::path& file) : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(inotify_.get(), file.c_str(), IN_OPEN), 0);
  }

  std::size_t times() {
    std::array<char, 4096> events{};
    const ssize_t got = ::read(inotify_.get(), events.data(), events.size());
    return got < 0 ? 0 : static_cast<std::size_t>(got) / sizeof(inotify_event);  // without names
  }

 private:
  UniqueFd inotify_;
};

TEST_F(Reading, OpensAnUnchangedFileOnlyWhileItsTimesAreTooFreshToTell) {
  write_all(small_network());
  Opened alice(path / "peers/alice.toml");
  clock.now = SystemClock().wall();
  ASSERT_TRUE(*reader.refresh());
  EXPECT_EQ(alice.times(), 1U);
  ASSERT_FALSE(*reader.refresh());
  EXPECT_EQ(alice.times(), 1U) << "another write may have left equal times";
  clock.now += std::chrono::hours(1);
  ASSERT_FALSE(*reader.refresh());
  EXPECT_EQ(alice.times(), 1U) << "the reading that settles it";
  ASSERT_FALSE(*reader.refresh());
  EXPECT_EQ(alice.times(), 0U);
  write("peers/bob.toml",
        "public_key = \"" + std::string(kBobKey) + "\"\naddress = \"100.83.0.6\"\n");
  ASSERT_TRUE(*reader.refresh());
  EXPECT_EQ(alice.times(), 0U) << "one changed file is one file read";
}

TEST_F(Reading, IgnoresWhatBelongsToSomebodyElse) {
  write_all(small_network());
  write(".git/config.toml", "x");
  write("README.md", "x");
  write("peers/alice.toml~", "x");
  write("peers/.alice.toml.swp", "x");
  fs::create_symlink("nowhere", path / "peers/.#alice.toml");
  EXPECT_EQ(says(), "");
}

TEST_F(Reading, RefusesLinksDevicesAndFolders) {
  write_all(small_network());
  fs::create_symlink("alice.toml", path / "peers/bob.toml");
  ASSERT_EQ(::mkfifo((path / "peers/carol.toml").c_str(), 0600), 0);
  write("peers/team/dave.toml", "x");
  const auto text = says();
  EXPECT_THAT(text,
              HasSubstr("this is a symbolic link\n --> " + (path / "peers/bob.toml").string()));
  EXPECT_THAT(
      text, HasSubstr("this is not a regular file\n --> " + (path / "peers/carol.toml").string()));
  EXPECT_THAT(text, HasSubstr("peers/team is a folder, and what is in it would not be read"));
  EXPECT_THAT(text, HasSubstr("3 errors"));
}

TEST_F(Reading, RefusesLinksToFoldersWhereverTheyStand) {
  write_all(small_network());
  fs::create_directory(path / "elsewhere");
  fs::create_symlink(path / "elsewhere", path / "peers/team");
  fs::create_symlink(path / "elsewhere", path / "peers/group.toml");
  fs::rename(path / "sites", path / "sites.d");
  fs::create_symlink("sites.d", path / "sites");
  const auto text = says();
  EXPECT_THAT(text, HasSubstr("peers/team is a folder, and what is in it would not be read"));
  EXPECT_THAT(text,
              HasSubstr("this is a symbolic link\n --> " + (path / "peers/group.toml").string()));
  EXPECT_THAT(text, HasSubstr("sites is not a folder"));
}

TEST_F(Reading, LeavesOtherFoldersBesideTheNetworkAlone) {
  write_all(small_network());
  write("scripts/notes.toml", "x");
  fs::create_symlink("scripts", path / "tools");
  EXPECT_EQ(says(), "");
}

TEST_F(Reading, TakesADirectoryThatIsItselfALink) {
  write_all(small_network());
  fs::create_symlink(path, path.string() + ".link");
  DirectoryReader linked(path.string() + ".link", clock);
  EXPECT_TRUE(linked.refresh());
  EXPECT_TRUE(linked.compile().netmap);
  fs::remove(path.string() + ".link");
}

TEST_F(Reading, QuotesTheLineWithTheDirectorysOwnName) {
  write_all(small_network());
  write("network.toml", "name = 5\n");
  EXPECT_THAT(says(), HasSubstr(" --> " + (path / "network.toml").string() + ":1\n1 | name = 5\n"));
}

TEST_F(Reading, KeepsWhatItKnewWhereTheDirectoryIsGone) {
  write_all(small_network());
  ASSERT_TRUE(*reader.refresh());
  fs::remove_all(path);
  const auto refreshed = reader.refresh();
  ASSERT_FALSE(refreshed);
  EXPECT_EQ(refreshed.error().kind, ErrorKind::NotFound);
  EXPECT_TRUE(reader.compile().netmap);
}

TEST_F(Reading, SaysOnceThatAFileIsTooLarge) {
  write_all(small_network());
  write("peers/bob.toml", std::string(70'000, '\n'));
  EXPECT_THAT(says(), HasSubstr("this file is larger than 64 KiB"));
  EXPECT_FALSE(*reader.refresh());
}

class KeyFile : public Folder {
 protected:
  static constexpr const char* kKey = "iPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=";

  Result<net::PrivateKey> read(mode_t mode, const std::string& text = std::string(kKey) + "\n") {
    write("key", text);
    EXPECT_EQ(::chmod((path / "key").c_str(), mode), 0);
    return read_private_key({.kind = KeySource::Kind::File, .name = path / "key"}, {});
  }

  std::string refusal(mode_t mode, const std::string& text = std::string(kKey) + "\n") {
    const auto key = read(mode, text);
    return key ? "accepted" : key.error().to_text();
  }
};

TEST_F(KeyFile, TakesAKeyThatOnlyItsOwnerAndGroupCanRead) {
  EXPECT_EQ(refusal(0640), "accepted");
  EXPECT_EQ(refusal(0400), "accepted");
  EXPECT_EQ(read(0600)->public_key(), net::PrivateKey::parse(kKey)->public_key());
}

TEST_F(KeyFile, RefusesAKeyThatOthersCanReadOrChange) {
  EXPECT_THAT(refusal(0644), HasSubstr("has mode 0644"));
  EXPECT_THAT(refusal(0644), HasSubstr("chmod 0640"));
  EXPECT_THAT(refusal(0660), HasSubstr("has mode 0660"));
}

TEST_F(KeyFile, RefusesAStrangersFileAndAStrangersGroup) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "giving files away takes root; the tests run as root where it matters";
  }
  write("key", std::string(kKey) + "\n");
  const auto file = path / "key";
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const auto read_it = [&] {
    return read_private_key({.kind = KeySource::Kind::File, .name = file}, {});
  };
  ASSERT_EQ(::chown(file.c_str(), 0, 54321), 0);
  EXPECT_THAT(read_it().error().to_text(), HasSubstr("can be read by group 54321"));
  ASSERT_EQ(::chown(file.c_str(), 54321, 0), 0);
  EXPECT_THAT(read_it().error().to_text(), HasSubstr("belongs to user 54321"));
}

TEST_F(KeyFile, NeverRepeatsItsContent) {
  const std::string secret = "iPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF1";
  std::string three_times = secret;
  three_times.append(secret).append(secret);
  for (const std::string& text : {secret, three_times, std::string("\n"), std::string()}) {
    const auto message = refusal(0600, text);
    EXPECT_THAT(message, HasSubstr("44 characters"));
    EXPECT_THAT(message, Not(HasSubstr("iPxG")));
  }
}

TEST_F(KeyFile, SaysHowToMakeAMissingOne) {
  const auto key = read_private_key({.kind = KeySource::Kind::File, .name = path / "none"}, {});
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().kind, ErrorKind::NotFound);
  EXPECT_THAT(key.error().to_text(), HasSubstr("wg genkey"));
}

TEST_F(KeyFile, ReadsASystemdCredential) {
  write("creds/prod-a", kKey);
  ASSERT_EQ(::chmod((path / "creds/prod-a").c_str(), 0400), 0);
  const KeySource source{.kind = KeySource::Kind::Credential, .name = "prod-a"};
  EXPECT_TRUE(read_private_key(source, (path / "creds").string()));
  EXPECT_THAT(read_private_key(source, {}).error().to_text(), HasSubstr("LoadCredential=prod-a"));
}

TEST_F(Folder, AMissingRouterFileIsADiagnosticLikeAnyOther) {
  const auto config = read_router_file(path / "router.toml");
  ASSERT_FALSE(config);
  EXPECT_THAT(render(config.error()), HasSubstr("causeway-router(5)"));
}

}  // namespace
}  // namespace cw::network
