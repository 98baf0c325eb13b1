// SPDX-License-Identifier: Apache-2.0
#include "network/load/signing_key.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/full_disk.h"
#include "tests/unit/network/signing_keys.h"

namespace cw::network {
namespace {

namespace fs = std::filesystem;

class SigningKeyFiles : public ::testing::Test {
 protected:
  SigningKeyFiles() {
    std::string pattern = fs::temp_directory_path() / "causeway-test.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }

  ~SigningKeyFiles() override { fs::remove_all(folder_); }

  SigningKeyFiles(const SigningKeyFiles&) = delete;
  SigningKeyFiles(SigningKeyFiles&&) = delete;
  SigningKeyFiles& operator=(const SigningKeyFiles&) = delete;
  SigningKeyFiles& operator=(SigningKeyFiles&&) = delete;

  fs::path folder_;
};

TEST_F(SigningKeyFiles, AreNotBegunOnAFullDisk) {
  {
    const test::FullDisk full;
    EXPECT_FALSE(write_signing_key(folder_ / "key", signing_key(1), nullptr));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(SigningKeyFiles, LeaveNoSecretWhosePublicHalfCannotBeWritten) {
  fs::create_symlink("nowhere", folder_ / "key.pub");
  EXPECT_FALSE(write_signing_key(folder_ / "key", signing_key(1), nullptr));
  EXPECT_FALSE(fs::exists(folder_ / "key"));
  fs::remove(folder_ / "key.pub");
  EXPECT_TRUE(write_signing_key(folder_ / "key", signing_key(1), nullptr));
}

}  // namespace
}  // namespace cw::network
