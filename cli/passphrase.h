// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "net/secret.h"

// Passphrases: typed at the terminal without being shown, or the first line of a file. Never an
// argument or a variable of the environment, which others can read in `ps` and /proc.
namespace cw::cli {

inline constexpr std::size_t kLongestPassphrase = 1024;

enum class Asking : std::uint8_t { Once, Twice };

// `file`: where to read it instead of asking; what is asked goes to the terminal itself, not to
// stdout. Unsupported: there is no terminal.
Result<net::Secret> passphrase(const std::string& question, const std::optional<std::string>& file,
                               Asking asking);

}  // namespace cw::cli
