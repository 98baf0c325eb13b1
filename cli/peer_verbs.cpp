// SPDX-License-Identifier: Apache-2.0
#include "cli/peer_verbs.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "cli/edit_session.h"
#include "cli/secrets.h"
#include "network/edit/peer_edits.h"

namespace cw::cli {

namespace {

// A key pair of ours, or the public half of one that the device keeps.
struct Key {
  std::optional<net::PrivateKey> secret;
  net::PublicKey public_key;
};

Asked<void> check_no_code(const OutputOptions& output) {
  if (output.qr || output.png) {
    return tl::unexpected(
        Trouble{.message = "there is nothing to scan: an app wants the private key in a QR code, "
                           "and only the device has it",
                .hint = "leave out --qr and --png; `causeway peer rotate` makes a new key",
                .exit_status = kUsage});
  }
  return {};
}

Asked<Key> key_of(const PeerRequest& request) {
  if (!request.public_key) {
    auto secret = net::PrivateKey::generate();
    const auto half = secret.public_key();
    return Key{.secret = std::move(secret), .public_key = half};
  }
  if (auto good = check_no_code(request.output); !good) {
    return tl::unexpected(good.error());
  }
  auto parsed = net::PublicKey::parse(*request.public_key);
  if (!parsed) {
    return tl::unexpected(trouble(parsed.error(), "it is what `wg pubkey` and the apps show"));
  }
  return Key{.secret = std::nullopt, .public_key = *parsed};
}

bool wants_all(const PeerRequest& request) {
  return request.sites && request.sites->size() == 1 && request.sites->front() == "all";
}

void say(const EditSession& session, const network::PeerEdit& edit,
         const std::vector<std::string>& notes) {
  auto text =
      fmt::format("{}: address {}, home {}, {} {}\n", edit.peer.name, edit.peer.address.to_text(),
                  edit.peer.home, edit.peer.sites.size() == 1 ? "site" : "sites",
                  fmt::join(edit.peer.sites, ", "));
  for (const auto& change : edit.changes) {
    text += fmt::format("{} {}/{}\n", change.content ? "wrote" : "removed", session.path(),
                        change.path);
  }
  for (const auto& note : notes) {
    text += fmt::format("note: {}\n", note);
  }
  print(stderr, text);
}

// Hands out the configuration, then writes the network's files. What could keep the second from
// working is tried before the first.
int issue(const EditSession& session, const Result<network::PeerEdit>& edit, const Key& key,
          const PeerRequest& request, const Terminal& terminal) {
  if (!edit) {
    return complain(trouble(edit.error()), terminal);
  }
  const auto config = network::client_config(session.netmap(), edit->peer);
  const auto output = ClientOutput::prepare(
      config, request.client, key.secret ? &*key.secret : nullptr, request.output, terminal);
  if (!output) {
    return complain(output.error(), terminal);
  }
  auto done = session.check(edit->changes);
  if (done) {
    done = output->deliver(terminal);
  }
  if (!done) {
    return complain(done.error(), terminal);
  }
  if (done = session.commit(edit->changes); !done) {
    auto said = done.error();
    if (!session.has_any(edit->changes)) {
      output->withdraw();
      said.hint = fmt::format("what was handed out is of no use; {}", said.hint);
    }
    return complain(said, terminal);
  }
  auto lines = notes(config, request.client, request.output);
  if (const auto& expires = edit->peer.expires; expires && *expires <= SystemClock().wall()) {
    lines.push_back(
        fmt::format("its time was up at {}: no router lets it in before `expires` in {} "
                    "is later",
                    to_rfc3339(*expires), network::peer_path(edit->peer.name)));
  }
  if (key.secret) {
    lines.emplace_back("this is the only time the private key is shown; it is kept nowhere");
  }
  say(session, *edit, lines);
  return kDone;
}

Asked<std::optional<WallTime>> expiry_of(const PeerRequest& request) {
  if (!request.expires) {
    return std::optional<WallTime>();
  }
  const auto time = from_rfc3339(*request.expires);
  if (!time) {
    return tl::unexpected(Trouble{.message = time.error().to_text(),
                                  .hint = "write it as 2027-01-31T18:00:00Z",
                                  .exit_status = kUsage});
  }
  return std::optional(*time);
}

}  // namespace

int add_peer(const PeerRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  const auto key = key_of(request);
  if (!key) {
    return complain(key.error(), terminal);
  }
  const auto expires = expiry_of(request);
  if (!expires) {
    return complain(expires.error(), terminal);
  }
  const network::NewPeer wanted{
      .name = request.name,
      .public_key = key->public_key,
      .user = request.user,
      .groups = request.groups,
      .wish = {.gateway = request.gateway,
               .sites = wants_all(request) ? std::nullopt : request.sites},
      .expires = *expires,
  };
  const auto edit = network::add_peer(session->directory(), session->netmap(), wanted,
                                      SystemClock().wall(), random_below);
  return issue(*session, edit, *key, request, terminal);
}

int rotate_peer(const PeerRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  const auto peer = session->peer(request.name);
  const auto text = peer ? session->text(network::peer_path(request.name))
                         : Asked<std::string>(tl::unexpected(peer.error()));
  if (!text) {
    return complain(text.error(), terminal);
  }
  const auto key = key_of(request);
  if (!key) {
    return complain(key.error(), terminal);
  }
  const auto edit =
      network::reissue_peer(*text, session->netmap(), *peer,
                            {.public_key = key->public_key,
                             .all_sites = wants_all(request),
                             .sites = wants_all(request) ? std::nullopt : request.sites});
  return issue(*session, edit, *key, request, terminal);
}

int print_peer_config(const PeerRequest& request, const Terminal& terminal) {
  const auto session = EditSession::open(request.directory, terminal);
  if (!session) {
    return kFailed;
  }
  const auto peer = session->peer(request.name);
  const auto text = peer ? session->text(network::peer_path(request.name))
                         : Asked<std::string>(tl::unexpected(peer.error()));
  if (!text) {
    return complain(text.error(), terminal);
  }
  if (const auto good = check_no_code(request.output); !good) {
    return complain(good.error(), terminal);
  }
  const Key none{.secret = std::nullopt, .public_key = peer->public_key};
  const auto edit =
      network::reissue_peer(*text, session->netmap(), *peer,
                            {.all_sites = wants_all(request),
                             .sites = wants_all(request) ? std::nullopt : request.sites});
  if (request.issue || !edit) {
    return issue(*session, edit, none, request, terminal);
  }
  const auto config = network::client_config(session->netmap(), edit->peer);
  const auto output =
      ClientOutput::prepare(config, request.client, nullptr, request.output, terminal);
  const auto done =
      output ? output->deliver(terminal) : Asked<void>(tl::unexpected(output.error()));
  return done ? kDone : complain(done.error(), terminal);
}

int enable_peer(const std::string& directory, const std::string& name, bool enabled,
                const Terminal& terminal) {
  const auto session = EditSession::open(directory, terminal);
  if (!session) {
    return kFailed;
  }
  const auto peer = session->peer(name);
  const auto text = peer ? session->text(network::peer_path(name))
                         : Asked<std::string>(tl::unexpected(peer.error()));
  if (!text) {
    return complain(text.error(), terminal);
  }
  if (peer->enabled == enabled) {
    print(stdout, fmt::format("{} is {} already\n", name, enabled ? "enabled" : "disabled"));
    return kDone;
  }
  const auto changes = network::set_peer_enabled(*text, name, enabled);
  if (!changes) {
    return complain(trouble(changes.error(), fmt::format("set `enabled = {}` in {} by hand",
                                                         enabled, network::peer_path(name))),
                    terminal);
  }
  if (const auto done = session->commit(*changes); !done) {
    return complain(done.error(), terminal);
  }
  print(stdout, fmt::format("{} is {}\n", name,
                            enabled ? "enabled" : "disabled; its address and key stay its own"));
  return kDone;
}

int remove_peer(const std::string& directory, const std::string& name, const Terminal& terminal) {
  const auto session = EditSession::open(directory, terminal);
  if (!session) {
    return kFailed;
  }
  const auto peer = session->peer(name);
  if (!peer) {
    return complain(peer.error(), terminal);
  }
  const auto changes = network::remove_peer(*peer, SystemClock().wall());
  if (const auto done = session->commit(changes); !done) {
    return complain(done.error(), terminal);
  }
  print(stdout, fmt::format("{} is removed; nobody gets {} for {} days ({})\n", name,
                            peer->address.to_text(), network::kRetention.count(),
                            network::removed_path(peer->address)));
  return kDone;
}

int list_peers(const std::string& directory, Form form, const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto peers = peer_states(read->directory, read->netmap, SystemClock().wall());
  print(stdout, form == Form::Json ? peers_json(peers) : list_text(peers, terminal.out));
  return kDone;
}

int show_peer(const std::string& directory, const std::string& name, Form form,
              const Terminal& terminal) {
  const auto session = EditSession::open(directory, terminal, EditSession::Purpose::Look);
  if (!session) {
    return kFailed;
  }
  if (const auto peer = session->peer(name); !peer) {
    return complain(peer.error(), terminal);
  }
  const auto peers = peer_states(session->directory(), session->netmap(), SystemClock().wall());
  const auto found =
      std::ranges::find(peers, name, [](const auto& each) { return each.peer.name; });
  print(stdout, form == Form::Json ? peer_json(*found) : show_text(*found));
  return kDone;
}

int stale_peers(const std::string& directory, Form form, const Terminal& terminal) {
  const auto read = read_network(directory, terminal);
  if (!read) {
    return kFailed;
  }
  auto peers = peer_states(read->directory, read->netmap, SystemClock().wall());
  std::erase_if(peers,
                [](const PeerState& each) { return !each.stale.must && each.stale.may.empty(); });
  print(stdout, form == Form::Json ? peers_json(peers) : stale_text(peers, terminal.out));
  return std::ranges::any_of(peers, [](const PeerState& each) { return each.stale.must; })
             ? kChangesPending
             : kDone;
}

}  // namespace cw::cli
