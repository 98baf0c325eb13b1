// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "cli/verbs.h"

// What `causeway netmap VERB` and `causeway revoke` do: the network as a signed file. Each prints
// and returns the exit status.
namespace cw::cli {

// The secret key to sign with.
struct SigningOptions {
  std::string key;
  std::optional<std::string> passphrase_file;
};

// A published network, and whose signatures on it are believed beside our own.
struct TargetOptions {
  std::string target;
  std::string ca_file;
  std::vector<std::string> trust;  // "RW..." or files
};

struct KeygenOptions {
  std::string path;
  bool no_passphrase = false;
  std::optional<std::string> passphrase_file;
};

int netmap_keygen(const KeygenOptions& options, const Terminal& terminal);

// To stdout where `output` is empty.
int netmap_build(const std::string& directory, const std::string& output, const Terminal& terminal);

struct SignOptions {
  std::string file;
  SigningOptions signing;
  std::uint64_t serial = 0;
  std::uint64_t revocations = 0;
  std::optional<std::chrono::seconds> confirm;
};

// Beside the file, as FILE.minisig.
int netmap_sign(const SignOptions& options, const Terminal& terminal);

// A bundle, or a body with its FILE.minisig.
int netmap_verify(const std::string& file, const std::vector<std::string>& trust,
                  const Terminal& terminal);

// Each a directory, a body, a bundle, or an address of one. kChangesPending where they differ.
int netmap_diff(const std::string& before, const std::string& after, const std::string& ca_file,
                Form form, const Terminal& terminal);

struct PublishOptions {
  std::string directory;
  TargetOptions target;
  SigningOptions signing;
  std::optional<std::chrono::seconds> confirm;
  std::optional<std::uint64_t> serial;  // do not look at what is there
  bool reissue = false;
  bool lock_out = false;
};

int netmap_publish(const PublishOptions& options, const Terminal& terminal);
int netmap_confirm(const TargetOptions& target, const SigningOptions& signing,
                   const Terminal& terminal);

struct RollbackOptions {
  TargetOptions target;
  SigningOptions signing;
  bool yes = false;  // do not ask
};

int netmap_rollback(const RollbackOptions& options, const Terminal& terminal);

struct RevokeOptions {
  std::string peer;
  TargetOptions target;
  SigningOptions signing;
  bool restore = false;
  std::uint64_t serial = 1;  // at least
};

int revoke(const RevokeOptions& options, const Terminal& terminal);

}  // namespace cw::cli
