// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/secret.h"

// Secrets at the edge of the program: they go to a new file of mode 0600 or straight to stdout,
// with no copy in a buffer, and passphrases come from the terminal without an echo. Never from or
// to the command line, which every user of the machine can read. Blocking.
namespace cw::cli {

Result<> print_secret(std::string_view text);

enum class Reader : std::uint8_t {
  Owner,  // mode 0600
  Agent,  // made by root where the packages' group is known: root:causeway 0640, else the same
};

// Refuses a place for a private key, a file or a folder, that is in a network directory: in one
// that is there, or in `directory`, which may come to be one. It would be published with it.
Result<> check_outside_networks(const std::string& place,
                                const std::optional<std::string>& directory = std::nullopt);

// Nothing is overwritten (ErrorKind::Exists).
Result<> create_secret_file(const std::string& path, std::string_view content, Reader reader);

}  // namespace cw::cli
