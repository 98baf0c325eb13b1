// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <sys/stat.h>

#include "base/clock.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "network/compile.h"
#include "network/directory.h"

// Reads a network directory from disk, each time only the files that changed. Follows no symbolic
// link inside the directory (the directory itself may be one) and reads no device: those are
// mistakes of their path. Names that begin with '.' and files that do not end in .toml are somebody
// else's. One thread; blocking; keeps no file open and no text in memory.
// Cost: a stat() a file where nothing changed; 10,000 peers about 20 ms.
namespace cw::network {

class DirectoryReader {
 public:
  DirectoryReader(std::string path, const Clock& clock) : path_(std::move(path)), clock_(&clock) {}

  // Whether anything that matters changed since the last call. An error means that the directory
  // itself could not be read; what was known stays.
  Result<bool> refresh();

  // The same of these files alone, of whose change somebody knows; the others stay as they were
  // read last. Paths as Directory has them. Cost: that of the files.
  Result<bool> refresh(const std::set<std::string>& paths);

  [[nodiscard]] const Directory& directory() const { return directory_; }

  [[nodiscard]] const std::string& path() const { return path_; }

  // Of what the last refresh() found. Places name the files with the directory's path and quote
  // their lines, which are read again for it.
  [[nodiscard]] Compiled compile() const;

 private:
  // What tells that a file is the one that was read.
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    friend bool operator==(const Identity&, const Identity&) = default;
  };

  struct Known {
    Identity identity;
    std::size_t digest = 0;
    std::string problem;     // why there is no content
    bool settled = false;    // old enough that a later write must show in its times
    std::uint64_t seen = 0;  // the refresh that last met it
  };

  Result<> read_folder(int parent, std::string_view folder);
  void read_file(int folder, const std::string& name, const std::string& path);
  void take_content(Known& known, const std::string& path, const std::string& text);
  void take_problem(Known& known, const std::string& path, std::string problem, std::string hint);
  void forget_unseen();
  void read_again(int top, const std::string& path);

  static Identity identity_of(const struct stat& status);

  std::string path_;
  const Clock* clock_;
  Directory directory_;
  std::map<std::string, Known> known_;
  std::uint64_t round_ = 0;
  WallTime now_{};
  bool changed_ = false;
};

}  // namespace cw::network
