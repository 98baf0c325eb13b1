// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <map>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/netmap_verbs.h"
#include "cli/verbs.h"
#include "network/statement.h"

namespace cw::cli {

namespace {

void add_signing(CLI::App& verb, SigningOptions& signing) {
  verb.add_option("--key", signing.key, "the secret key to sign with, a file of minisign's")
      ->required()
      ->type_name("FILE");
  verb.add_option("--passphrase-file", signing.passphrase_file,
                  "read the key's passphrase from here instead of asking")
      ->type_name("FILE");
}

void add_trust(CLI::App& verb, std::vector<std::string>& trust) {
  verb.add_option("--trust", trust, "a public key whose signature counts, or its file")
      ->type_name("KEY");
}

void add_ca(CLI::App& verb, std::string& ca_file) {
  verb.add_option("--ca-file", ca_file, "authorities for TLS instead of the system's")
      ->type_name("FILE");
}

// A number of seconds, or "10m".
void add_confirm(CLI::App& verb, std::int64_t& seconds, const char* about) {
  verb.add_option("--confirm", seconds, about)
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::int64_t>{{"s", 1}, {"m", 60}, {"h", 3600}}))
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{network::kLongestConfirm.count()}))
      ->type_name("TIME");
}

// CLI::PositiveNumber would name the bounds of a double.
CLI::Validator serial_from(std::uint64_t lowest) {
  return CLI::Validator(
      [lowest](const std::string& text) {
        std::uint64_t number = 0;
        const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool good = wrong == std::errc() && end == text.data() + text.size() &&
                          number >= lowest && number <= network::kLargestSerial;
        return good ? std::string()
                    : fmt::format("a serial is a whole number from {} to {}", lowest,
                                  network::kLargestSerial);
      },
      "");
}

std::optional<std::chrono::seconds> as_seconds(std::int64_t number) {
  return number == 0 ? std::nullopt : std::optional(std::chrono::seconds(number));
}

// Has the verb run `use(options, terminal)` when it was given.
template <class Options, class Use>
void runs(CLI::App& verb, Command& command, const std::shared_ptr<Options>& options, Use use) {
  verb.callback([&command, options, use] {
    command = [options, use](const Terminal& terminal) { return use(*options, terminal); };
  });
}

void describe_keygen(CLI::App& netmap, Command& command) {
  const auto options = std::make_shared<KeygenOptions>();
  auto* verb = netmap.add_subcommand("keygen", "make a signing key: FILE and FILE.pub");
  verb->add_option("FILE", options->path, "where the secret key goes; not into the directory")
      ->required();
  auto* none = verb->add_flag("--no-passphrase", options->no_passphrase,
                              "for machines: the file itself is the secret");
  verb->add_option("--passphrase-file", options->passphrase_file,
                   "read the passphrase from here instead of asking")
      ->type_name("FILE")
      ->excludes(none);
  runs(*verb, command, options, netmap_keygen);
}

void describe_build(CLI::App& netmap, Command& command) {
  struct Options {
    std::string directory;
    std::string output;
  };

  const auto options = std::make_shared<Options>();
  auto* verb = netmap.add_subcommand("build", "check a directory and compile it to one file");
  verb->add_option("DIR", options->directory, "the directory that holds network.toml")->required();
  verb->add_option("-o,--output", options->output, "instead of stdout")->type_name("FILE");
  runs(*verb, command, options, [](const Options& said, const Terminal& terminal) {
    return netmap_build(said.directory, said.output, terminal);
  });
}

void describe_sign(CLI::App& netmap, Command& command) {
  struct Options {
    SignOptions sign;
    std::int64_t confirm = 0;
  };

  const auto options = std::make_shared<Options>();
  auto* verb = netmap.add_subcommand("sign", "sign what `build` wrote, as FILE.minisig");
  verb->add_option("FILE", options->sign.file, "the compiled network")->required();
  add_signing(*verb, options->sign.signing);
  verb->add_option("--serial", options->sign.serial, "higher than that of the one in force")
      ->required()
      ->check(serial_from(1));
  verb->add_option("--revocations", options->sign.revocations,
                   "the list of revocations that it takes in")
      ->check(serial_from(0));
  add_confirm(*verb, options->confirm, "routers go back unless it is confirmed within this time");
  runs(*verb, command, options, [](const Options& said, const Terminal& terminal) {
    auto sign = said.sign;
    sign.confirm = as_seconds(said.confirm);
    return netmap_sign(sign, terminal);
  });
}

void describe_verify(CLI::App& netmap, Command& command) {
  struct Options {
    std::string file;
    std::vector<std::string> trust;
  };

  const auto options = std::make_shared<Options>();
  auto* verb = netmap.add_subcommand("verify", "whether a signed file is whole, and who signed it");
  verb->add_option("FILE", options->file, "what was published, or a file with FILE.minisig")
      ->required();
  add_trust(*verb, options->trust);
  verb->get_option("--trust")->required();
  runs(*verb, command, options, [](const Options& said, const Terminal& terminal) {
    return netmap_verify(said.file, said.trust, terminal);
  });
}

void describe_diff(CLI::App& netmap, Command& command) {
  struct Options {
    std::string before;
    std::string after;
    std::string ca_file;
    bool json = false;
  };

  const auto options = std::make_shared<Options>();
  auto* verb =
      netmap.add_subcommand("diff", "what a change means, in words; exit status 2 if anything");
  verb->add_option("OLD", options->before, "a directory, or a compiled or signed file")->required();
  verb->add_option("NEW", options->after, "another")->required();
  add_ca(*verb, options->ca_file);
  verb->add_flag("--json", options->json, "for programs");
  runs(*verb, command, options, [](const Options& said, const Terminal& terminal) {
    return netmap_diff(said.before, said.after, said.ca_file, said.json ? Form::Json : Form::Table,
                       terminal);
  });
}

void add_target(CLI::App& verb, TargetOptions& target) {
  verb.add_option("TARGET", target.target, "a path or an https:// address")->required();
  add_trust(verb, target.trust);
  add_ca(verb, target.ca_file);
}

void describe_publish(CLI::App& netmap, Command& command) {
  struct Options {
    PublishOptions publish;
    std::int64_t confirm = 0;
  };

  const auto options = std::make_shared<Options>();
  auto& publish = options->publish;
  auto* verb = netmap.add_subcommand("publish", "sign a directory and put it where routers fetch");
  verb->add_option("DIR", publish.directory, "the directory that holds network.toml")->required();
  add_target(*verb, publish.target);
  add_signing(*verb, publish.signing);
  add_confirm(*verb, options->confirm, "routers go back unless it is confirmed within this time");
  verb->add_option("--serial", publish.serial, "replace what is there unseen, with this serial")
      ->check(serial_from(1));
  verb->add_flag("--reissue", publish.reissue,
                 "also where clients must import a new configuration");
  verb->add_flag("--lock-out", publish.lock_out, "also where the key may sign no more after it");
  runs(*verb, command, options, [](const Options& said, const Terminal& terminal) {
    auto all = said.publish;
    all.confirm = as_seconds(said.confirm);
    return netmap_publish(all, terminal);
  });
}

void describe_confirm(CLI::App& netmap, Command& command) {
  struct Options {
    TargetOptions target;
    SigningOptions signing;
  };

  const auto options = std::make_shared<Options>();
  auto* verb = netmap.add_subcommand("confirm", "keep what was published with --confirm");
  add_target(*verb, options->target);
  add_signing(*verb, options->signing);
  runs(*verb, command, options, [](const Options& said, const Terminal& terminal) {
    return netmap_confirm(said.target, said.signing, terminal);
  });
}

void describe_rollback(CLI::App& netmap, Command& command) {
  const auto options = std::make_shared<RollbackOptions>();
  auto* verb = netmap.add_subcommand("rollback", "publish what was there before, as the newest");
  add_target(*verb, options->target);
  add_signing(*verb, options->signing);
  verb->add_flag("--yes", options->yes, "do not ask");
  runs(*verb, command, options, netmap_rollback);
}

// Where the network is published, on every router; without a target on the router here alone.
void describe_revoke(CLI::App& app, Command& command) {
  const auto options = std::make_shared<RevokeOptions>();
  auto* verb = app.add_subcommand(
      "revoke", "lock a peer out at once: on every router, or on this one without --target");
  verb->add_option("PEER", options->peer, "its name")->required();
  auto* target =
      verb->add_option("--target", options->target.target, "where the network is published")
          ->type_name("TARGET");
  add_trust(*verb, options->target.trust);
  add_ca(*verb, options->target.ca_file);
  add_signing(*verb, options->signing);
  verb->get_option("--key")->required(false);
  target->needs("--key");
  verb->add_flag("--restore", options->restore, "take a revocation back");
  verb->add_option("--serial", options->serial, "of the list, at least")->check(serial_from(1));
  for (auto* option : verb->get_options([target](const CLI::Option* option) {
         return option != target && option->get_name() != "PEER" && option->get_name() != "--help";
       })) {
    option->needs(target);
  }
  runs(*verb, command, options, [&app](const RevokeOptions& said, const Terminal& terminal) {
    if (!said.target.target.empty()) {
      return revoke(said, terminal);
    }
    return revoke_here(AgentClient(app.get_option("--socket")->as<std::string>()), said.peer,
                       terminal);
  });
}

}  // namespace

void describe_netmap_verbs(CLI::App& app, Command& command) {
  auto* netmap = app.add_subcommand("netmap", "the network as one signed file");
  netmap->require_subcommand(1);
  describe_keygen(*netmap, command);
  describe_build(*netmap, command);
  describe_sign(*netmap, command);
  describe_verify(*netmap, command);
  describe_diff(*netmap, command);
  describe_publish(*netmap, command);
  describe_confirm(*netmap, command);
  describe_rollback(*netmap, command);
  describe_revoke(app, command);
}

}  // namespace cw::cli
