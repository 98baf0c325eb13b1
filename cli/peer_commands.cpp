// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/peer_verbs.h"
#include "network/router_config.h"

namespace cw::cli {

namespace {

// The options as the parser fills them in.
struct PeerLine {
  PeerRequest request{.directory = std::string(network::kDefaultNetworkDirectory), .name = {}};
  bool json = false;

  [[nodiscard]] Form form() const { return json ? Form::Json : Form::Table; }
};

using Line = std::shared_ptr<PeerLine>;

void add_directory(CLI::App& verb, PeerLine& line) {
  verb.add_option("--network", line.request.directory, "the network directory")
      ->capture_default_str()
      ->type_name("DIR");
}

void add_name(CLI::App& verb, PeerLine& line) {
  verb.add_option("NAME", line.request.name, "the peer's name")->required();
}

void add_sites(CLI::App& verb, PeerLine& line, const char* about) {
  verb.add_option("--sites", line.request.sites, about)->delimiter(',')->type_name("SITE,...");
}

void add_key(CLI::App& verb, PeerLine& line) {
  verb.add_option("--public-key", line.request.public_key,
                  "of a key pair that was made on the device; without it, one is made here")
      ->type_name("KEY");
}

void add_output(CLI::App& verb, PeerLine& line) {
  using network::Platform;
  static const std::map<std::string, Platform> kPlatforms = {{"phone", Platform::Phone},
                                                             {"mac", Platform::Mac},
                                                             {"windows", Platform::Windows},
                                                             {"linux", Platform::Linux}};
  auto& client = line.request.client;
  auto& output = line.request.output;
  verb.add_option("--for", client.platform, "phone, mac, windows or linux: its details")
      ->transform(CLI::CheckedTransformer(kPlatforms, CLI::ignore_case).description(""))
      ->type_name("PLATFORM");
  verb.add_option("--dns", client.dns, "resolvers and search domains; the apps ask them everything")
      ->delimiter(',')
      ->check(CLI::Validator(
          [](const std::string& text) {
            return !text.empty() && text.find_first_not_of(
                                        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                                        "WXYZ.:-_") == std::string::npos
                       ? std::string()
                       : "'" + text + "' is no address and no domain";
          },
          ""))
      ->type_name("ADDRESS,...");
  verb.add_flag("--ipv4-only", client.ipv4_only,
                "no IPv6, for systems on which it is switched off");
  constexpr int kLeastMtu = 1280;  // IPv6 needs it (RFC 8200 section 5)
  constexpr int kMostMtu = 9000;
  verb.add_option("--mtu", client.mtu, "the tunnel's MTU; 1280 is first aid for broken networks")
      ->check(CLI::Range(kLeastMtu, kMostMtu).description(""))
      ->type_name("BYTES");
  verb.add_flag("--qr", output.qr, "show it as a QR code, for the apps on phones");
  verb.add_option("--png", output.png, "write the QR code as an image")->type_name("FILE");
  verb.add_option("--output", output.file, "write the text to a new file")->type_name("FILE");
}

CLI::App* add_verb(CLI::App& peer, const char* name, const char* about, const Line& line,
                   Command& command, int (*run)(const PeerRequest&, const Terminal&)) {
  auto* verb = peer.add_subcommand(name, about);
  add_name(*verb, *line);
  add_directory(*verb, *line);
  verb->callback([&command, line, run] {
    command = [line, run](const Terminal& terminal) { return run(line->request, terminal); };
  });
  return verb;
}

void describe_add(CLI::App& peer, Command& command) {
  const auto line = std::make_shared<PeerLine>();
  auto* verb = add_verb(peer, "add", "add a device, and print its configuration once", line,
                        command, add_peer);
  verb->add_option("--user", line->request.user, "whose device it is");
  verb->add_option("--groups", line->request.groups, "groups it is in, for the policy")
      ->delimiter(',')
      ->type_name("GROUP,...");
  verb->add_option("--gateway", line->request.gateway, "its home; default: the emptiest");
  add_sites(*verb, *line, "the sites it may use; default: all that there are now");
  verb->add_option("--expires", line->request.expires, "when it is locked out")->type_name("TIME");
  add_key(*verb, *line);
  add_output(*verb, *line);
}

void describe_rotate(CLI::App& peer, Command& command) {
  const auto line = std::make_shared<PeerLine>();
  auto* verb = add_verb(peer, "rotate", "give a device a new key and a new configuration", line,
                        command, rotate_peer);
  add_sites(*verb, *line, "the sites it may use from now on, or `all`; default: as before");
  add_key(*verb, *line);
  add_output(*verb, *line);
}

void describe_config(CLI::App& peer, Command& command) {
  const auto line = std::make_shared<PeerLine>();
  auto* verb = add_verb(peer, "config", "print a device's configuration, without its private key",
                        line, command, print_peer_config);
  add_sites(*verb, *line, "as if it might use these sites, or `all`; default: its own");
  verb->add_flag("--issue", line->request.issue,
                 "the device gets it: keep in its file what it was given");
  add_output(*verb, *line);
}

void describe_edits(CLI::App& peer, Command& command) {
  const auto line = std::make_shared<PeerLine>();
  add_verb(peer, "disable", "lock a device out; its address and key stay its own", line, command,
           [](const PeerRequest& request, const Terminal& terminal) {
             return enable_peer(request.directory, request.name, false, terminal);
           });
  add_verb(peer, "enable", "let it in again", line, command,
           [](const PeerRequest& request, const Terminal& terminal) {
             return enable_peer(request.directory, request.name, true, terminal);
           });
  add_verb(peer, "remove", "remove a device for good", line, command,
           [](const PeerRequest& request, const Terminal& terminal) {
             return remove_peer(request.directory, request.name, terminal);
           });
}

void describe_questions(CLI::App& peer, Command& command) {
  const auto line = std::make_shared<PeerLine>();
  const auto add = [&](const char* name, const char* about, auto run) {
    auto* verb = peer.add_subcommand(name, about);
    add_directory(*verb, *line);
    verb->add_flag("--json", line->json, "for programs");
    verb->callback([&command, line, run] {
      command = [line, run](const Terminal& terminal) { return run(*line, terminal); };
    });
    return verb;
  };
  add("list", "all devices", [](const PeerLine& asked, const Terminal& terminal) {
    return list_peers(asked.request.directory, asked.form(), terminal);
  });
  add("stale", "whose configuration is behind the network; exit status 2 if any must be renewed",
      [](const PeerLine& asked, const Terminal& terminal) {
        return stale_peers(asked.request.directory, asked.form(), terminal);
      });
  auto* show = add("show", "one device", [](const PeerLine& asked, const Terminal& terminal) {
    return show_peer(asked.request.directory, asked.request.name, asked.form(), terminal);
  });
  add_name(*show, *line);
}

}  // namespace

void describe_peer_verbs(CLI::App& app, Command& command) {
  auto* peer = app.add_subcommand("peer", "the devices of people, and their configurations");
  peer->require_subcommand(1);
  describe_add(*peer, command);
  describe_questions(*peer, command);
  describe_config(*peer, command);
  describe_rotate(*peer, command);
  describe_edits(*peer, command);
}

}  // namespace cw::cli
