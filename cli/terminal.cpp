// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/printable.h"
#include "network/load/directory_reader.h"

namespace cw::cli {

void print(std::FILE* to, std::string_view text) {
  // Nobody is left to tell where the terminal has gone; a full disk shows at exit (main.cpp).
  (void)std::fwrite(text.data(), 1, text.size(), to);
}

namespace {

network::Colour for_diagnostics(Colour colour) {
  return colour == Colour::On ? network::Colour::On : network::Colour::Off;
}

}  // namespace

int complain(const Trouble& trouble, const Terminal& terminal) {
  auto text = fmt::format("{} {}\n", painted("error:", Paint::Red, terminal.err),
                          printable_lines(trouble.message));
  if (!trouble.hint.empty()) {
    text += fmt::format("hint: {}\n", printable_lines(trouble.hint));
  }
  print(stderr, text);
  return trouble.exit_status;
}

std::optional<ReadNetwork> read_network(const std::string& directory, const Terminal& terminal) {
  const SystemClock clock;
  network::DirectoryReader reader(directory, clock);
  return read_network(reader, terminal);
}

std::optional<ReadNetwork> read_network(network::DirectoryReader& reader,
                                        const Terminal& terminal) {
  if (const auto read = reader.refresh(); !read) {
    complain({.message = read.error().to_text(), .hint = "name the folder that holds network.toml"},
             terminal);
    return std::nullopt;
  }
  auto compiled = reader.compile();
  print(stderr, network::render(compiled.diagnostics, for_diagnostics(terminal.err)));
  if (!compiled.netmap) {
    return std::nullopt;
  }
  return ReadNetwork{.directory = reader.directory(), .netmap = std::move(*compiled.netmap)};
}

Terminal terminal() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool wanted = (no_color == nullptr || *no_color == '\0') && term != nullptr &&
                      std::string_view(term) != "dumb";
  const auto colour = [&](int fd) {
    return wanted && ::isatty(fd) == 1 ? Colour::On : Colour::Off;
  };
  return {.out = colour(STDOUT_FILENO), .err = colour(STDERR_FILENO)};
}

}  // namespace cw::cli
