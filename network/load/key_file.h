// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "net/key.h"
#include "net/secret.h"
#include "network/router_config.h"

// Reads a gateway's private key. Refuses a key that others could have read: a file that is not
// owned by root or this process's user, that others may read, or whose group is neither root's nor
// one of ours; and anything but a regular file. Checks the open file, not its name. The text is
// wiped; no message contains any of it. Blocking, for one small file.
namespace cw::network {

inline constexpr std::size_t kMostPassword = 512;

// `credentials` is $CREDENTIALS_DIRECTORY, where the unit has one.
Result<net::PrivateKey> read_private_key(const KeySource& source,
                                         const std::optional<std::string>& credentials);

// A password, as strictly: without the blanks around it, at most kMostPassword characters.
Result<net::Secret> read_password(const KeySource& source,
                                  const std::optional<std::string>& credentials);

}  // namespace cw::network
