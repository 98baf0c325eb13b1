// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "network/netmap_json.h"
#include "network/router_config.h"
#include "tests/unit/network/directory_text.h"

// What people are told. Each case is a file: a line that says what it shows, optionally
// `+ small network` (the network every case then changes), files as `=== PATH`, and after `===
// says` what the compiler says, or the netmap. UPDATE_GOLDEN=1 rewrites that part and skips.
namespace cw::network {
namespace {

constexpr std::string_view kMark = "=== ";
constexpr std::string_view kSays = "=== says\n";
const std::string kFolder = CW_SOURCE_DIR "/tests/unit/network/golden";

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

std::string content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

Texts files(std::string_view given) {
  Texts texts;
  if (given.find("\n+ small network\n") != std::string_view::npos) {
    texts = small_network();
  }
  for (auto at = given.find(kMark); at != std::string_view::npos; at = given.find(kMark, at)) {
    const auto line_end = given.find('\n', at);
    const std::string path(given.substr(at + kMark.size(), line_end - at - kMark.size()));
    at = given.find("\n=== ", line_end);
    texts[path] = given.substr(line_end + 1, at == std::string_view::npos ? at : at - line_end);
  }
  return texts;
}

std::string said(const Texts& texts) {
  if (const auto router = texts.find("router.toml"); router != texts.end()) {
    const auto config = parse_router_config(router->second, router->first);
    return config ? "ok\n" : render(config.error());
  }
  const auto compiled = compile(texts);
  return rendered(texts) + (compiled.netmap ? to_json(*compiled.netmap) + "\n" : "");
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, SaysWhatTheCaseSays) {
  const std::string path = kFolder + "/" + GetParam() + ".case";
  const std::string text = content(path);
  const auto says = text.find(kSays);
  ASSERT_NE(says, std::string::npos) << path << " has no `=== says`";
  const std::string given = text.substr(0, says);
  const std::string answer = said(files(given));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << given << kSays << answer;
    GTEST_SKIP() << "wrote " << path;
  }
  EXPECT_EQ(answer, text.substr(says + kSays.size()));
}

INSTANTIATE_TEST_SUITE_P(Network, Golden, ::testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace cw::network
