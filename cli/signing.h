// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/netmap_verbs.h"
#include "network/minisign.h"

// What the verbs that sign share.
namespace cw::cli {

// Asks for the passphrase where the key has one.
Result<network::minisign::SecretKey> open_key(const SigningOptions& options);

Result<std::vector<network::minisign::PublicKey>> find_keys(const std::vector<std::string>& trust);

// `outcome` is an exit status, or what went wrong, which is printed.
int finish(const Result<int>& outcome, const Terminal& terminal);

}  // namespace cw::cli
