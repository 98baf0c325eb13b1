// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "network/edit/change.h"

// Writes changes to a network directory, in their order, each file whole: a reader sees the old one
// or the new one. A file that is replaced keeps its mode and, as far as we may, its owner; a new
// one is 0644 within the umask (nothing in the directory is secret). Missing folders are made.
// Stops at the first that fails and says which. Blocking.
namespace cw::network {

Result<> write_changes(const std::string& directory, std::span<const Change> changes);

// A file of the directory, for an edit; not larger than its reader takes.
Result<std::string> read_for_edit(const std::string& directory, const std::string& path);

}  // namespace cw::network
