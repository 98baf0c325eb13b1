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

// Writes a file of its own beside `path` and renames it over that one: a reader sees the old file
// or the new one, also after a power failure, and of several writers at once each writes a whole
// one. The last wins: whoever must not lose what another wrote takes a lock. The mode is `mode`
// within the umask, whatever that of the old file was. Waits for the disk. What a power failure
// leaves begins with '.' and may be deleted. Exists: a device, a FIFO or a folder has this name.
Result<> write_file_atomically(const std::string& path, std::string_view content,
                               mode_t mode = 0640);

// A file that must not exist yet: nothing is ever overwritten, and no symbolic link is followed. It
// appears empty first; what cannot be written whole is removed again. Waits for the disk.
// ErrorKind::Exists: there is something of that name.
Result<> create_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace cw
