// SPDX-License-Identifier: Apache-2.0
#include "cli/gateway_verbs.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "base/file.h"
#include "cli/edit_session.h"
#include "cli/passphrase.h"
#include "cli/secrets.h"
#include "net/secret.h"
#include "network/edit/gateway_edits.h"
#include "network/load/key_file.h"
#include "network/sealed_key.h"

namespace cw::cli {

namespace {

net::Secret key_file(const net::PrivateKey& key) {
  net::Secret text(net::kKeyTextSize + 1);
  key.expose_text(text.memory().first<net::kKeyTextSize>());
  text.memory().back() = '\n';
  return text;
}

// A key in the directory would be published with it.
Asked<void> check_outside(const std::string& directory, const std::string& file) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto root = fs::weakly_canonical(directory, error);
  const auto path = fs::weakly_canonical(file, error);
  const auto [end, _] = std::ranges::mismatch(root, path);
  if (end == root.end()) {
    return tl::unexpected(Trouble{
        .message = fmt::format("{} would be in the network directory, which is no place for a "
                               "private key",
                               file),
        .hint = "the directory is read by everybody: name a file elsewhere"});
  }
  return {};
}

Asked<void> hand_out(const net::PrivateKey& key, const std::optional<std::string>& file) {
  const auto text = key_file(key);
  const auto done =
      file ? create_secret_file(*file, text.expose(), Reader::Agent) : print_secret(text.expose());
  if (!done) {
    return tl::unexpected(trouble(done.error(), "name a new file with --private-key"));
  }
  return {};
}

Result<network::NewGateway> parse(const GatewayRequest& request) {
  network::NewGateway wanted;
  wanted.name = request.name;
  wanted.site = request.site;
  wanted.endpoint = CW_TRY_IN(net::Endpoint::parse(request.endpoint), "--endpoint");
  if (request.block) {
    const auto prefix = CW_TRY_IN(net::Prefix::parse(*request.block), "--block");
    wanted.block = CW_TRY_IN(net::Block::from(prefix), "--block");
  }
  if (request.address) {
    wanted.address = CW_TRY_IN(net::Ip::parse(*request.address), "--address");
  }
  wanted.listen_port = request.listen_port;
  wanted.routers = request.routers;
  return wanted;
}

const network::Gateway* find_gateway(const network::Netmap& netmap, const std::string& name) {
  for (const auto& site : netmap.sites) {
    const auto found = std::ranges::find(site.gateways, name, &network::Gateway::name);
    if (found != site.gateways.end()) {
      return &*found;
    }
  }
  return nullptr;
}

Trouble unknown_gateway(const std::string& name) {
  return {.message = fmt::format("there is no gateway `{}` in this network", name),
          .hint = "gateways are the [[gateway]] tables in sites/"};
}

}  // namespace

int add_gateway(const GatewayRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  if (request.private_key) {
    if (const auto good = check_outside(session->path(), *request.private_key); !good) {
      return complain(good.error(), terminal);
    }
  }
  auto wanted = parse(request);
  if (!wanted) {
    return complain(trouble(wanted.error()), terminal);
  }
  std::optional<net::PrivateKey> key;
  if (request.public_key) {
    const auto half = net::PublicKey::parse(*request.public_key);
    if (!half) {
      return complain(trouble(half.error()), terminal);
    }
    wanted->public_key = *half;
  } else {
    forbid_core_dumps();
    key = net::PrivateKey::generate();
    wanted->public_key = key->public_key();
  }
  const auto text = session->text(network::site_path(request.site));
  if (!text) {
    return complain({.message = fmt::format("there is no site `{}`", request.site),
                     .hint = fmt::format("a site is a file: {}/{}", session->path(),
                                         network::site_path(request.site))},
                    terminal);
  }
  const auto changes = network::add_gateway(*text, session->netmap(), *wanted);
  if (!changes) {
    return complain(
        trouble(changes.error(), changes.error().kind == ErrorKind::Unsupported
                                     ? "write its gateways as [[gateway]] tables, or add it by hand"
                                     : ""),
        terminal);
  }
  if (const auto good = session->check(*changes); !good) {
    return complain(good.error(), terminal);
  }
  // The key first: a gateway whose key is lost would have to be taken out again by hand.
  if (key) {
    if (const auto done = hand_out(*key, request.private_key); !done) {
      return complain(done.error(), terminal);
    }
  }
  if (const auto done = session->commit(*changes); !done) {
    return complain(done.error(), terminal);
  }
  auto said = fmt::format("wrote {}/{}\n", session->path(), changes->front().path);
  if (request.private_key && key) {
    said += fmt::format(
        "wrote the private key to {0}; put a sealed copy away: causeway gateway export {1} "
        "--private-key {0}\n",
        *request.private_key, request.name);
  }
  print(stderr, said);
  return kDone;
}

int export_gateway(const GatewayRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  const auto* gateway = find_gateway(session->netmap(), request.name);
  if (gateway == nullptr) {
    return complain(unknown_gateway(request.name), terminal);
  }
  forbid_core_dumps();
  const auto key = network::read_private_key(
      {.kind = network::KeySource::Kind::File, .name = *request.private_key}, std::nullopt);
  if (!key) {
    return complain(trouble(key.error()), terminal);
  }
  if (key->public_key() != gateway->public_key) {
    return complain(
        {.message = fmt::format("{} is not the key of gateway `{}`: its public half is "
                                "{}, and the network says {}",
                                *request.private_key, request.name, key->public_key().to_text(),
                                gateway->public_key.to_text()),
         .hint = "name the file that router.toml names for it"},
        terminal);
  }
  const auto word =
      passphrase(fmt::format("Passphrase for the sealed key of gateway {}", request.name),
                 request.passphrase_file, Asking::Twice);
  if (!word) {
    return complain(trouble(word.error()), terminal);
  }
  const auto sealed = network::seal(*key, session->netmap().ula.to_text(), request.name, *word);
  if (!sealed) {
    return complain(trouble(sealed.error()), terminal);
  }
  const auto done = request.sealed ? create_secret_file(*request.sealed, *sealed, Reader::Owner)
                                   : print_secret(*sealed);
  if (!done) {
    return complain(trouble(done.error()), terminal);
  }
  print(stderr, fmt::format("sealed the key of gateway {}; it opens with the passphrase alone, so "
                            "keep the two apart\n",
                            request.name));
  return kDone;
}

int import_gateway(const GatewayRequest& request, const Terminal& terminal) {
  const auto sealed = read_file(*request.sealed, network::kLargestSealedKey);
  if (!sealed) {
    return complain(trouble(sealed.error()), terminal);
  }
  const auto name = network::sealed_name(*sealed);
  if (!name) {
    return complain(trouble(name.error(), "it is what `causeway gateway export` wrote"), terminal);
  }
  forbid_core_dumps();
  const auto word =
      passphrase(fmt::format("Passphrase of the sealed key of gateway {}", name->gateway),
                 request.passphrase_file, Asking::Once);
  if (!word) {
    return complain(trouble(word.error()), terminal);
  }
  const auto key = network::unseal(*sealed, *word);
  if (!key) {
    return complain(trouble(key.error()), terminal);
  }
  if (const auto done = hand_out(*key, request.private_key); !done) {
    return complain(done.error(), terminal);
  }
  print(stderr, fmt::format("gateway {} of network {}, public key {}\n", name->gateway,
                            name->network, name->public_key.to_text()));
  return kDone;
}

}  // namespace cw::cli
