// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/file.h"

// Gives a fuzz target each file of its corpus, as a test of its own: what was once found, by a
// fuzzer or by a person, stays found without one. The target aborts where something is wrong.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace cw {
namespace {

constexpr std::size_t kLargestInput = std::size_t{1} << 20U;  // libFuzzer's own is 1 MiB

std::vector<std::string> corpus() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(CW_CORPUS)) {
    files.push_back(entry.path().filename());
  }
  std::ranges::sort(files);
  return files;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

using Corpus = testing::TestWithParam<std::string>;

TEST_P(Corpus, IsTaken) {
  const auto input = read_file(std::string(CW_CORPUS) + "/" + GetParam(), kLargestInput);
  ASSERT_TRUE(input) << input.error().to_text();
  EXPECT_EQ(
      LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input->data()), input->size()),
      0);
}

INSTANTIATE_TEST_SUITE_P(CW_TARGET, Corpus, testing::ValuesIn(corpus()), test_name);

}  // namespace
}  // namespace cw
