// SPDX-License-Identifier: Apache-2.0
#include "network/signed_netmap.h"

#include <utility>

#include <fmt/format.h>

#include "network/netmap_json.h"

namespace cw::network {

namespace {

constexpr int kSignatureLines = 4;

struct Parts {
  minisign::Signature signature;
  Statement statement;
  std::string_view body;
};

// Where the body begins; nothing in what has fewer lines or longer ones than a signature.
std::optional<std::size_t> start_of_body(std::string_view bundle) {
  const auto head = bundle.substr(0, minisign::kLargestSignature);
  std::size_t at = 0;
  for (int line = 0; line < kSignatureLines; ++line) {
    const auto end = head.find('\n', at);
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    at = end + 1;
  }
  return at;
}

Result<Parts> split(std::string_view bundle) {
  if (bundle.size() > kLargestSignedNetmap) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("it is larger than {} MiB", kLargestSignedNetmap >> 20U));
  }
  if (bundle.empty()) {
    return Error::invalid("it is empty");
  }
  const auto start = start_of_body(bundle);
  if (!start) {
    return Error::invalid(
        "it does not begin with the four lines of a minisign signature, or is cut off in them");
  }
  Parts parts;
  parts.signature = CW_TRY(minisign::parse_signature(bundle.substr(0, *start)));
  if (parts.signature.comment != kBundleComment) {
    return Error::invalid("its first line is not that of a signed netmap");
  }
  parts.statement = CW_TRY(parse_statement(parts.signature.trusted_comment));
  parts.body = bundle.substr(*start);
  return parts;
}

Result<Signed> verify(std::string_view bundle, std::span<const minisign::PublicKey> trusted,
                      Content content) {
  auto parts = CW_TRY(split(bundle));
  auto signer = minisign::verify(parts.signature, parts.body, trusted);
  if (!signer) {
    // A body is one JSON object, so this one certainly ends too early.
    if (signer.error().kind == ErrorKind::Invalid && !parts.body.ends_with('}')) {
      return Error::invalid("it is cut off: its end is missing");
    }
    return std::move(signer).error();
  }
  if (parts.statement.content != content) {
    return Error::invalid(fmt::format("it is a file of `{}`; one of `{}` is wanted here",
                                      to_text(parts.statement.content), to_text(content)));
  }
  return Signed{.statement = parts.statement, .signer = *signer, .body = parts.body};
}

}  // namespace

Result<Signed> verify_bundle(std::string_view bundle, std::span<const minisign::PublicKey> trusted,
                             Content content) {
  return in_context(verify(bundle, trusted, content), "verifying the signed file");
}

Result<Claim> read_claim(std::string_view bundle) {
  const Parts parts = CW_TRY_IN(split(bundle), "reading the signed file");
  return Claim{.statement = parts.statement, .signer = parts.signature.key, .body = parts.body};
}

Result<Statement> read_statement(std::string_view bundle) {
  const Claim claim = CW_TRY(read_claim(bundle));
  return claim.statement;
}

std::string make_bundle(std::string_view body, const Statement& statement,
                        const minisign::SecretKey& key) {
  const auto signature = minisign::sign(body, key, std::string(kBundleComment), to_text(statement));
  std::string bundle = minisign::to_text(signature);
  bundle.reserve(bundle.size() + body.size());
  bundle += body;
  return bundle;
}

Result<Netmap> open_body(const Signed& signed_netmap) {
  auto netmap = CW_TRY(netmap_from_json(signed_netmap.body));
  if (netmap.ula != signed_netmap.statement.network) {
    return Error::invalid(fmt::format("the signature is for network {}, the netmap is of {}",
                                      signed_netmap.statement.network.to_text(),
                                      netmap.ula.to_text()));
  }
  return netmap;
}

}  // namespace cw::network
