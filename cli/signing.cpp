// SPDX-License-Identifier: Apache-2.0
#include "cli/signing.h"

#include "cli/edit_session.h"
#include "cli/passphrase.h"
#include "network/load/signing_key.h"

namespace cw::cli {

Result<network::minisign::SecretKey> open_key(const SigningOptions& options) {
  return network::read_signing_key(options.key, [&](const std::string& path) {
    return passphrase("Passphrase of " + path, options.passphrase_file, Asking::Once);
  });
}

Result<std::vector<network::minisign::PublicKey>> find_keys(const std::vector<std::string>& trust) {
  std::vector<network::minisign::PublicKey> keys;
  for (const auto& each : trust) {
    keys.push_back(CW_TRY(network::find_public_key(each)));
  }
  return keys;
}

int finish(const Result<int>& outcome, const Terminal& terminal) {
  return outcome ? *outcome : complain(trouble(outcome.error()), terminal);
}

}  // namespace cw::cli
