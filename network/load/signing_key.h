// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/secret.h"
#include "network/minisign.h"

// Signing keys on disk, in minisign's files: the secret key, with a passphrase or without one, and
// the public key beside it. Nothing that exists is ever overwritten: whoever loses the key of a
// network has to visit every router. Secret texts are wiped; no message contains any of it.
// Blocking; a passphrase costs a second and 1 GiB, by minisign's choice.
namespace cw::network {

// Of the kernel's randomness.
Result<minisign::SecretKey> make_signing_key();

// Writes PATH (mode 0600) and PATH.pub, both or neither. No passphrase: the secret is as safe as
// the file is.
// Exists: one of the two files is there.
Result<> write_signing_key(const std::string& path, const minisign::SecretKey& key,
                           const net::Secret* passphrase);

// Asks for the passphrase of the key at this path; called only where the key has one.
using AskPassphrase = std::function<Result<net::Secret>(const std::string& path)>;

// Refuses a file without a passphrase that others may read.
Result<minisign::SecretKey> read_signing_key(const std::string& path, const AskPassphrase& ask);

// "RW...", or a public key file.
Result<minisign::PublicKey> find_public_key(const std::string& text_or_path);

}  // namespace cw::network
