// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/fetch/web_server.h"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <sys/wait.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <unistd.h>

namespace cw::test {

WebServer::WebServer(const agent::TempFolder& folder, const std::vector<std::string>& options)
    : folder_(folder), plain_(std::ranges::find(options, "--plain") != options.end()) {
  std::vector<std::string> words{"/usr/bin/python3", "-B", CW_SOURCE_DIR "/lab/https_server.py",
                                 folder.path()};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  std::ranges::transform(words, std::back_inserter(arguments),
                         [](std::string& word) { return word.data(); });
  arguments.push_back(nullptr);
  int ends[2] = {-1, -1};
  EXPECT_EQ(::pipe(ends), 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, ends[0]);
  EXPECT_EQ(::posix_spawn(&process_, arguments[0], &actions, nullptr, arguments.data(), environ),
            0);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::FILE* said = ::fdopen(ends[0], "r");
  unsigned port = 0;
  EXPECT_EQ(std::fscanf(said, "listening %u", &port), 1) << "https_server.py did not start";
  std::fclose(said);
  port_ = std::to_string(port);
}

WebServer::~WebServer() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

fetch::Location WebServer::at(const std::string& name) const {
  const auto text = fmt::format("{}://127.0.0.1:{}/{}", plain_ ? "http" : "https", port_, name);
  return fetch::parse_location(text).value_or(fetch::Location{});
}

fetch::Trust WebServer::trust() const {
  return {.ca_file = folder_ / "tls/ca.pem"};
}

}  // namespace cw::test
