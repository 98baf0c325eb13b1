// SPDX-License-Identifier: Apache-2.0
#include "cli/netmap_verbs.h"

#include <cstdio>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/rfc3339.h"
#include "cli/passphrase.h"
#include "cli/secrets.h"
#include "cli/signing.h"
#include "cli/target.h"
#include "network/limits.h"
#include "network/load/signing_key.h"
#include "network/netmap_difference.h"
#include "network/netmap_json.h"
#include "network/signed_netmap.h"

namespace cw::cli {

namespace {

using network::minisign::PublicKey;

constexpr std::string_view kDetached = ".minisig";
constexpr mode_t kReadable = 0644;  // a netmap holds no secret

Result<int> keygen(const KeygenOptions& options) {
  CW_TRY(check_outside_networks(options.path));
  std::optional<net::Secret> secret;
  if (!options.no_passphrase) {
    secret = CW_TRY(
        passphrase("Passphrase for " + options.path, options.passphrase_file, Asking::Twice));
  }
  const auto key = CW_TRY(network::make_signing_key());
  CW_TRY(network::write_signing_key(options.path, key, secret ? &*secret : nullptr));
  print(stdout, fmt::format("secret key {0} (keep it), public key {0}.pub, for `signers` in "
                            "network.toml and `trusted_keys` in router.toml:\n{1}\n",
                            options.path, key.public_key().to_text()));
  return kDone;
}

std::string said(const network::Statement& statement, const std::string& signer) {
  auto text = fmt::format("{} serial {} of network {}, signed {} by key {}",
                          to_text(statement.content), statement.serial, statement.network.to_text(),
                          to_rfc3339(statement.time), signer);
  if (statement.confirm) {
    text += fmt::format(", to be confirmed within {} s", statement.confirm->count());
  }
  return text;
}

Result<int> sign(const SignOptions& options) {
  const auto body = CW_TRY(read_file(options.file, network::kLargestNetmap));
  const auto netmap = CW_TRY_IN(network::netmap_from_json(body), options.file);
  const auto key = CW_TRY(open_key(options.signing));
  const network::Statement statement{.content = network::Content::Netmap,
                                     .serial = options.serial,
                                     .network = netmap.ula,
                                     .time = SystemClock().wall(),
                                     .revocations = options.revocations,
                                     .confirm = options.confirm};
  const auto signature =
      network::minisign::sign(body, key, std::string(network::kBundleComment), to_text(statement));
  const auto path = options.file + std::string(kDetached);
  CW_TRY(write_file_atomically(path, network::minisign::to_text(signature), kReadable));
  print(stdout, fmt::format("{}: {}\n", path, said(statement, key.public_key().name())));
  return kDone;
}

// The bundle that a body and its signature make.
Result<std::string> read_bundle(const std::string& file) {
  auto text = CW_TRY(read_file(file, network::kLargestSignedNetmap));
  if (text.starts_with('{')) {
    auto signature =
        CW_TRY(read_file(file + std::string(kDetached), network::minisign::kLargestSignature));
    text.insert(0, signature);
  }
  return text;
}

Result<int> verify(const std::string& file, const std::vector<std::string>& trust) {
  const auto keys = CW_TRY(find_keys(trust));
  const auto bundle = CW_TRY(read_bundle(file));
  const auto checked = CW_TRY_IN(network::verify_bundle(bundle, keys), file);
  const auto netmap = CW_TRY_IN(network::open_body(checked), file);
  print(stdout, fmt::format("{}: {}, {}\n", file, said(checked.statement, checked.signer.name()),
                            plural(netmap.peers.size(), "peer")));
  return kDone;
}

// One side of a comparison.
struct Side {
  network::Netmap netmap;
  std::optional<PublicKey> signer;  // where it says so, and is one of its signers
};

Result<Side> side_of(std::string_view text) {
  if (text.starts_with('{')) {
    auto netmap = CW_TRY(network::netmap_from_json(text));
    return Side{.netmap = std::move(netmap), .signer = {}};
  }
  const auto claim = CW_TRY(network::read_claim(text));
  Side side;
  side.netmap = CW_TRY(network::netmap_from_json(claim.body));
  for (const auto& key : side.netmap.signers) {
    if (key.id() == claim.signer) {
      side.signer = key;
    }
  }
  return side;
}

Result<std::optional<Side>> read_side(const std::string& where, const std::string& ca_file,
                                      const Terminal& terminal) {
  std::error_code none;
  if (std::filesystem::is_directory(where, none)) {
    auto read = read_network(where, terminal);
    return read ? std::optional(Side{.netmap = std::move(read->netmap), .signer = {}})
                : std::nullopt;
  }
  const auto target = CW_TRY(Target::open(where, ca_file));
  const auto answer = CW_TRY(target.get());
  if (!answer || !answer->content) {
    return Error::make(ErrorKind::NotFound, "there is no " + where);
  }
  auto side = CW_TRY_IN(side_of(*answer->content), where);
  return std::optional(std::move(side));
}

Result<int> diff(const std::string& before, const std::string& after, const std::string& ca_file,
                 Form form, const Terminal& terminal) {
  const auto old_side = CW_TRY(read_side(before, ca_file, terminal));
  const auto new_side = CW_TRY(read_side(after, ca_file, terminal));
  if (!old_side || !new_side) {
    return kFailed;  // said already
  }
  const auto found = network::difference(old_side->netmap, new_side->netmap, old_side->signer,
                                         SystemClock().wall());
  print(stdout, form == Form::Json ? to_json(found) : to_text(found));
  return found.empty() ? kDone : kChangesPending;
}

Result<int> build(const std::string& directory, const std::string& output,
                  const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto body = network::to_json(read->netmap);
  if (output.empty()) {
    print(stdout, body);
    return kDone;
  }
  CW_TRY(write_file_atomically(output, body, kReadable));
  print(stdout, fmt::format("{}: {}, {}\n", output, plural(read->netmap.peers.size(), "peer"),
                            size(body.size())));
  return kDone;
}

}  // namespace

int netmap_keygen(const KeygenOptions& options, const Terminal& terminal) {
  return finish(keygen(options), terminal);
}

int netmap_build(const std::string& directory, const std::string& output,
                 const Terminal& terminal) {
  return finish(build(directory, output, terminal), terminal);
}

int netmap_sign(const SignOptions& options, const Terminal& terminal) {
  return finish(sign(options), terminal);
}

int netmap_verify(const std::string& file, const std::vector<std::string>& trust,
                  const Terminal& terminal) {
  return finish(verify(file, trust), terminal);
}

int netmap_diff(const std::string& before, const std::string& after, const std::string& ca_file,
                Form form, const Terminal& terminal) {
  return finish(diff(before, after, ca_file, form, terminal), terminal);
}

}  // namespace cw::cli
