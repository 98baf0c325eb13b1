// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <iostream>
#include <string>

#include "network/schema.h"

// Build-time program: copies a manual page's scdoc source to standard output and puts the schema's
// lists of keys where it says `@keys FILE [TABLE]@`. usage: causeway-manual PAGE.scd
namespace {

using cw::network::FileKind;

bool write_keys(const std::string& line) {
  constexpr std::string_view kPrefix = "@keys ";
  const std::string what = line.substr(kPrefix.size(), line.size() - kPrefix.size() - 1);
  const auto blank = what.find(' ');
  const std::string file = what.substr(0, blank);
  const std::string table = blank == std::string::npos ? "" : what.substr(blank + 1);
  const FileKind kind = file == "network"   ? FileKind::Network
                        : file == "site"    ? FileKind::Site
                        : file == "peer"    ? FileKind::Peer
                        : file == "removed" ? FileKind::Removed
                        : file == "policy"  ? FileKind::Policy
                                            : FileKind::Router;
  const std::string keys = cw::network::manual(kind, table);
  std::cout << keys;
  return !keys.empty();
}

}  // namespace

int main(int argc, char** argv) {
  std::ifstream page(argc == 2 ? argv[1] : "");
  if (!page) {
    std::cerr << "usage: causeway-manual PAGE.scd\n";
    return 2;
  }
  for (std::string line; std::getline(page, line);) {
    const bool keys = line.starts_with("@keys ") && line.ends_with('@');
    if (keys && !write_keys(line)) {
      std::cerr << argv[1] << ": the schema has no keys for " << line << "\n";
      return 1;
    }
    if (!keys) {
      std::cout << line << "\n";
    }
  }
  return std::cout.flush() ? 0 : 1;
}
