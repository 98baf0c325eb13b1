// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/result.h"
#include "base/unique_fd.h"

// Whole small files, bounded. Refuses what is not a regular file (a FIFO would block the loop, a
// device would never end) and anything over the caller's limit. Blocking; the caller reads small
// local files only.
namespace cw {

Result<UniqueFd> open_regular(const std::string& path);

// From an open descriptor, at most `limit` bytes; longer is ErrorKind::Exhausted. `name` is for
// the message only.
Result<std::string> read_all(int fd, std::size_t limit, const std::string& name);

Result<std::string> read_file(const std::string& path, std::size_t limit);

// Writes beside `path` and renames over it, so that a reader sees the old file or the new one, also
// after a power failure. Waits for the disk. Exists: a device, a FIFO or a folder has this name.
Result<> write_file_atomically(const std::string& path, std::string_view content,
                               mode_t mode = 0640);

// A file that must not exist yet: nothing is ever overwritten, and no symbolic link is followed. It
// appears empty first; what cannot be written whole is removed again. Waits for the disk.
// ErrorKind::Exists: there is something of that name.
Result<> create_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace cw
