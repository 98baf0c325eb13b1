// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "cli/agent_client.h"
#include "cli/table.h"
#include "network/directory.h"
#include "network/netmap.h"

namespace cw::network {
class DirectoryReader;
}

// What the verbs share: the terminal they write to, and the directory they read.
namespace cw::cli {

struct Terminal {
  Colour out = Colour::Off;
  Colour err = Colour::Off;
};

// Colour only on a terminal, and not where NO_COLOR is set (no-color.org) or TERM is "dumb".
[[nodiscard]] Terminal terminal();

void print(std::FILE* to, std::string_view text);

// To stderr; its exit status.
int complain(const Trouble& trouble, const Terminal& terminal);

struct ReadNetwork {
  network::Directory directory;
  network::Netmap netmap;
};

// Reads and compiles a directory and prints what is wrong with it; nothing where it has a mistake.
[[nodiscard]] std::optional<ReadNetwork> read_network(const std::string& directory,
                                                      const Terminal& terminal);
// The same by a reader that will be asked later what has changed.
[[nodiscard]] std::optional<ReadNetwork> read_network(network::DirectoryReader& reader,
                                                      const Terminal& terminal);

}  // namespace cw::cli
