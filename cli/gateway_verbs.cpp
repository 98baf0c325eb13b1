// SPDX-License-Identifier: Apache-2.0
#include "cli/gateway_verbs.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/edit_session.h"
#include "cli/passphrase.h"
#include "cli/secrets.h"
#include "net/secret.h"
#include "network/directory.h"
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

Asked<void> check_place(const GatewayRequest& request) {
  const auto good = request.private_key ? check_outside_networks(*request.private_key) : Result<>();
  return good ? Asked<void>() : tl::unexpected(trouble(good.error()));
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

std::string edit_hint(const Error& error) {
  return error.kind == ErrorKind::Unsupported
             ? "write its gateways as [[gateway]] tables, or change it by hand"
             : "";
}

// A gateway's key: one that there is, of which only the public half is known, or a new one.
struct NewKey {
  std::optional<net::PrivateKey> made;
  net::PublicKey public_half;
};

Asked<NewKey> new_key(const GatewayRequest& request) {
  if (auto good = check_place(request); !good) {
    return tl::unexpected(good.error());
  }
  NewKey key;
  if (request.public_key) {
    const auto half = net::PublicKey::parse(*request.public_key);
    if (!half) {
      return tl::unexpected(trouble(half.error()));
    }
    key.public_half = *half;
  } else {
    key.made = net::PrivateKey::generate();
    key.public_half = key.made->public_key();
  }
  return key;
}

// The key first: a gateway whose key is lost would have to be taken out again by hand. A key whose
// gateway is not written is of no use, and goes.
Asked<void> write_with_key(const EditSession& session, const network::Changes& changes,
                           const NewKey& key, const GatewayRequest& request) {
  if (auto good = session.check(changes); !good) {
    return good;
  }
  if (key.made) {
    if (auto done = hand_out(*key.made, request.private_key); !done) {
      return done;
    }
  }
  auto done = session.commit(changes);
  if (!done && key.made && request.private_key && !session.has_any(changes)) {
    ::unlink(request.private_key->c_str());  // best effort: the error that matters is in hand
  }
  return done;
}

std::string said_of_key(const NewKey& key, const GatewayRequest& request, const std::string& name) {
  if (!key.made || !request.private_key) {
    return "";
  }
  return fmt::format(
      "wrote the private key to {0}; put a sealed copy away: causeway gateway export {1} "
      "--private-key {0}\n",
      *request.private_key, name);
}

// As router.toml must name it, which another program reads.
std::string absolute(const std::string& file) {
  std::error_code gone;  // no folder to be relative to
  const auto path = std::filesystem::absolute(file, gone);
  return gone ? file : path.lexically_normal().string();
}

std::string next_steps(const network::RotatedGateway& made, const GatewayRequest& request) {
  return fmt::format(
      "gateway {0} replaces {1}, at {2}; both serve until {1} is retired. What to do next:\n"
      "1. Let UDP port {3} through to its routers, and give each the key, in router.toml:\n\n"
      "     [[key]]\n     gateway = \"{0}\"\n     source = \"{4}\"\n\n"
      "   then: systemctl restart causewayd\n"
      "2. `causeway peer stale` lists who lacks it: a new configuration by `causeway peer "
      "rotate`,\n"
      "   or `causeway peer config --issue` where the device keeps its key\n"
      "3. When it says of nobody that {0} is lacking: causeway gateway retire {1}\n",
      made.name, request.name, made.endpoint.to_text(), made.listen_port,
      absolute(request.private_key.value_or("/etc/causeway/keys/" + made.name + ".key")));
}

// "alice, bob and 3 more"
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMostNames = 10;
  const auto shown = std::min(names.size(), kMostNames);
  auto text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<int>(shown), ", "));
  return shown < names.size() ? fmt::format("{} and {} more", text, names.size() - shown) : text;
}

Asked<void> all_have_moved(const network::Retirement& retirement) {
  if (!retirement.behind.empty()) {
    return tl::unexpected(Trouble{
        .message = fmt::format("not all peers were given a configuration with gateway `{}`: {}",
                               retirement.successor, some_of(retirement.behind)),
        .hint = "give them one, `causeway peer rotate NAME`, or say --lock-out: they can no longer "
                "connect then"});
  }
  if (!retirement.unknown.empty()) {
    return tl::unexpected(Trouble{
        .message = fmt::format("the files of these peers do not say which configuration they "
                               "have: {}",
                               some_of(retirement.unknown)),
        .hint = fmt::format("`causeway peer config NAME --issue` gives one with `{}` and keeps "
                            "that; or say --lock-out, and who has the old one can no longer "
                            "connect",
                            retirement.successor)});
  }
  return {};
}

}  // namespace

int add_gateway(const GatewayRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  auto wanted = parse(request);
  if (!wanted) {
    return complain(trouble(wanted.error()), terminal);
  }
  const auto key = new_key(request);
  if (!key) {
    return complain(key.error(), terminal);
  }
  wanted->public_key = key->public_half;
  const auto text = session->text(network::site_path(request.site));
  if (!text) {
    return complain({.message = fmt::format("there is no site `{}`", request.site),
                     .hint = fmt::format("a site is a file: {}/{}", session->path(),
                                         network::site_path(request.site))},
                    terminal);
  }
  const auto changes = network::add_gateway(*text, session->netmap(), *wanted);
  if (!changes) {
    return complain(trouble(changes.error(), edit_hint(changes.error())), terminal);
  }
  if (const auto done = write_with_key(*session, *changes, *key, request); !done) {
    return complain(done.error(), terminal);
  }
  print(stderr, fmt::format("wrote {}/{}\n", session->path(), changes->front().path) +
                    said_of_key(*key, request, request.name));
  return kDone;
}

int rotate_gateway(const GatewayRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  network::Rotation wanted{.gateway = request.name,
                           .public_key = {},
                           .name = request.new_name,
                           .listen_port = request.listen_port};
  if (!request.endpoint.empty()) {
    const auto endpoint = net::Endpoint::parse(request.endpoint);
    if (!endpoint) {
      return complain(trouble(Error(endpoint.error()).with_context("--endpoint")), terminal);
    }
    wanted.endpoint = *endpoint;
  }
  const auto* site = network::site_of_gateway(session->netmap(), request.name);
  if (site == nullptr) {
    return complain(unknown_gateway(request.name), terminal);
  }
  const auto key = new_key(request);
  if (!key) {
    return complain(key.error(), terminal);
  }
  wanted.public_key = key->public_half;
  const auto text = session->text(network::site_path(site->name));
  if (!text) {
    return complain(text.error(), terminal);
  }
  const auto made = network::rotate_gateway(*text, session->directory(), session->netmap(), wanted);
  if (!made) {
    return complain(trouble(made.error(), edit_hint(made.error())), terminal);
  }
  if (const auto done = write_with_key(*session, made->changes, *key, request); !done) {
    return complain(done.error(), terminal);
  }
  print(stderr, fmt::format("wrote {}/{}\n", session->path(), made->changes.front().path) +
                    said_of_key(*key, request, made->name) + next_steps(*made, request));
  return kDone;
}

int retire_gateway(const GatewayRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  const auto retirement =
      network::retirement(session->directory(), session->netmap(), request.name);
  if (!retirement) {
    return complain(trouble(retirement.error()), terminal);
  }
  if (!request.lock_out) {
    if (const auto good = all_have_moved(*retirement); !good) {
      return complain(good.error(), terminal);
    }
  }
  std::map<std::string, std::string> texts;
  std::vector<std::string> paths = {network::site_path(retirement->site)};
  for (const auto& peer : retirement->homes) {
    paths.push_back(network::peer_path(peer));
  }
  for (const auto& path : paths) {
    auto text = session->text(path);
    if (!text) {
      return complain(text.error(), terminal);
    }
    texts.emplace(path, std::move(*text));
  }
  const auto changes = network::retire_gateway(texts, session->directory(), *retirement);
  if (!changes) {
    return complain(trouble(changes.error(), edit_hint(changes.error())), terminal);
  }
  if (const auto done = session->commit(*changes); !done) {
    return complain(done.error(), terminal);
  }
  auto said = fmt::format("gateway {} is gone from {}/{}; {} serves alone\n", request.name,
                          session->path(), paths.front(), retirement->successor);
  if (!retirement->homes.empty()) {
    said += fmt::format("{} is the home of {} from now on\n", retirement->successor,
                        some_of(retirement->homes));
  }
  said += fmt::format(
      "routers may hold that back, as anything that locks out many: `causeway reload` there takes "
      "it.\nThen take the [[key]] of {} out of router.toml and delete the old key\n",
      request.name);
  print(stderr, said);
  return kDone;
}

int export_gateway(const GatewayRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal, EditSession::Purpose::Look);
  if (!session) {
    return kFailed;
  }
  const auto* gateway = find_gateway(session->netmap(), request.name);
  if (gateway == nullptr) {
    return complain(unknown_gateway(request.name), terminal);
  }
  const auto file = request.private_key.value_or("");  // the command line asks for one
  const auto key = network::read_private_key({.kind = network::KeySource::Kind::File, .name = file},
                                             std::nullopt);
  if (!key) {
    return complain(trouble(key.error()), terminal);
  }
  if (key->public_key() != gateway->public_key) {
    return complain({.message = fmt::format("{} is not the key of gateway `{}`: its public half is "
                                            "{}, and the network says {}",
                                            file, request.name, key->public_key().to_text(),
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
  const auto sealed = read_file(request.sealed.value_or(""), network::kLargestSealedKey);
  if (!sealed) {
    return complain(trouble(sealed.error()), terminal);
  }
  const auto name = network::sealed_name(*sealed);
  if (!name) {
    return complain(trouble(name.error(), "it is what `causeway gateway export` wrote"), terminal);
  }
  if (const auto good = check_place(request); !good) {
    return complain(good.error(), terminal);
  }
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
