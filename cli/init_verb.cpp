// SPDX-License-Identifier: Apache-2.0
#include "cli/init_verb.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <span>
#include <system_error>

#include <sys/stat.h>

#include <fmt/format.h>
#include <unistd.h>

#include "cli/edit_session.h"
#include "cli/passphrase.h"
#include "cli/secrets.h"
#include "network/edit/new_network.h"
#include "network/load/directory_writer.h"
#include "network/load/signing_key.h"
#include "network/name.h"

namespace cw::cli {

namespace {

namespace fs = std::filesystem;

constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kKeysMode = 0700;

// One answer, or the default where the line is empty or there is nobody to ask.
std::string ask(std::string_view question, const std::optional<std::string>& given,
                const std::string& otherwise) {
  if (given || ::isatty(STDIN_FILENO) != 1) {
    return given.value_or(otherwise);
  }
  print(stderr, fmt::format("{} [{}]: ", question, otherwise));
  std::string line;
  std::getline(std::cin, line);
  return line.empty() ? otherwise : line;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts;
  while (!list.empty()) {
    const auto end = list.find_first_of(", ");
    if (const auto part = list.substr(0, end); !part.empty()) {
      parts.emplace_back(part);
    }
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  }
  return parts;
}

std::string usable_name(const std::string& directory) {
  std::error_code unknown;  // only a proposal comes of it
  const auto stem = fs::weakly_canonical(directory, unknown).filename().string();
  return network::parse_name(stem) ? stem : "example";
}

Result<network::NewNetwork> answers(const InitRequest& request) {
  network::NewNetwork wanted;
  wanted.name = ask("Name of the network, which names the tunnels of its people", request.name,
                    usable_name(request.directory));
  wanted.site = ask("First site: a VPC, an office, a lab", request.site, "office");
  const auto routes = request.routes
                          ? *request.routes
                          : split(ask("What is reached through it (prefixes)", std::nullopt, ""));
  for (const auto& route : routes) {
    wanted.routes.push_back(CW_TRY_IN(net::Prefix::parse(route), "the site's routes"));
  }
  wanted.router = ask("The machine that runs causewayd there", request.router, "router-a");
  wanted.pool = request.pool ? CW_TRY_IN(net::Prefix::parse(*request.pool), "--pool")
                             : network::random_pool(random_below);
  wanted.ula = request.ula ? CW_TRY_IN(net::Prefix::parse(*request.ula), "--ula")
                           : network::random_ula(random_below);
  return wanted;
}

// What was made, which goes again unless all of it was: who made a typing mistake begins anew.
class Made {
 public:
  Made() = default;
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  Made(Made&&) = delete;
  Made& operator=(Made&&) = delete;

  ~Made() {
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) {
      // Best effort, after an error that is said: a folder in which somebody put a file stays.
      (void)std::remove(path->c_str());
    }
  }

  // A folder that is there already is taken, and stays.
  Result<> folder(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) == 0) {
      paths_.push_back(path);
    } else if (errno != EEXIST) {
      return Error::from_errno(errno, "cannot make the folder " + path);
    }
    return {};
  }

  void file(std::string path) { paths_.push_back(std::move(path)); }

  void keep() { paths_.clear(); }

 private:
  std::vector<std::string> paths_;
};

// In the order of their use.
using Passphrases = std::vector<std::optional<net::Secret>>;

struct Keys {
  std::vector<std::string> files;
  Passphrases passphrases;
  std::vector<std::string> public_keys;
};

// The names of the keys and, before anything is made, their passphrases.
Result<Keys> plan_keys(const std::string& folder, const std::string& name,
                       const InitRequest& request) {
  Keys keys;
  for (const auto* which : {"daily", "recovery"}) {
    keys.files.push_back(fmt::format("{}/{}-{}.key", folder, name, which));
    if (::access(keys.files.back().c_str(), F_OK) == 0) {
      return Error::make(
          ErrorKind::Exists,
          fmt::format("{} is there already; a key is never overwritten", keys.files.back()));
    }
  }
  for (const auto& file : keys.files) {
    auto& word = keys.passphrases.emplace_back();
    if (!request.no_passphrase) {
      word = CW_TRY(passphrase("Passphrase for " + file, request.passphrase_file, Asking::Twice));
    }
  }
  return keys;
}

// Two files for each.
Result<> make_keys(Keys& keys, const std::string& folder, Made& made) {
  if (!keys.files.empty()) {
    CW_TRY(made.folder(folder, kKeysMode));
  }
  for (std::size_t i = 0; i < keys.files.size(); ++i) {
    const auto& word = keys.passphrases[i];
    const auto key = CW_TRY(network::make_signing_key());
    CW_TRY(network::write_signing_key(keys.files[i], key, word ? &*word : nullptr));
    made.file(keys.files[i]);
    made.file(keys.files[i] + ".pub");
    keys.public_keys.push_back(key.public_key().to_text());
  }
  return {};
}

Result<> make_network(const std::string& directory, const network::Changes& changes, Made& made) {
  for (const auto& change : changes) {
    if (const auto slash = change.path.rfind('/'); slash != std::string::npos) {
      CW_TRY(made.folder(fmt::format("{}/{}", directory, change.path.substr(0, slash)),
                         kDirectoryMode));
    }
    CW_TRY(network::write_changes(directory, {&change, 1}));
    made.file(fmt::format("{}/{}", directory, change.path));
  }
  return {};
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  return path;
}

// A name to add to: of "." and of "..", that of the folder.
std::string beside(const std::string& directory) {
  const fs::path path(directory);
  if (const auto last = path.filename(); last != "." && last != "..") {
    return directory;
  }
  std::error_code unknown;
  const auto whole = fs::canonical(path, unknown);
  return unknown ? directory : whole.string();  // which is refused: it is no network's folder
}

std::string done_text(const std::string& directory, const network::Changes& changes,
                      const Keys& keys, const network::NewNetwork& made) {
  std::string text;
  for (const auto& change : changes) {
    text += fmt::format("wrote {}/{}\n", directory, change.path);
  }
  if (!keys.files.empty()) {
    text += fmt::format(
        "wrote {}, which signs netmaps day by day\n"
        "wrote {}: put it away, on paper or in a safe, where no thief of the other finds it\n",
        keys.files[0], keys.files[1]);
  }
  return text + fmt::format(
                    "next: causeway gateway add main --network {} --site {} --endpoint HOST:51820 "
                    "--private-key FILE\n",
                    directory, made.site);
}

Asked<void> check_places(const InitRequest& request, const std::string& directory,
                         const std::string& keys) {
  const auto file = fmt::format("{}/{}", directory, network::kNetworkFile);
  if (::access(file.c_str(), F_OK) == 0) {
    return tl::unexpected(Trouble{.message = fmt::format("{} is there already", file),
                                  .hint = "a network is begun once; `causeway check` reads it"});
  }
  if (const auto good = request.no_keys ? Result<>() : check_outside_networks(keys, directory);
      !good) {
    return tl::unexpected(trouble(good.error(), "name a folder for them with --keys"));
  }
  return {};
}

// What was answered, tried without keys: a wrong answer must leave none behind.
Asked<network::NewNetwork> tried_answers(const InitRequest& request) {
  auto wanted = answers(request);
  const auto tried =
      wanted ? network::new_network(*wanted) : Result<network::Changes>(wanted.error());
  if (!tried) {
    return tl::unexpected(trouble(tried.error()));
  }
  if (auto good = check_changes({}, *tried); !good) {
    return tl::unexpected(good.error());
  }
  return std::move(*wanted);
}

Result<network::Changes> make_all(network::NewNetwork& wanted, Keys& keys,
                                  const std::string& directory, const std::string& folder,
                                  Made& made) {
  CW_TRY(made.folder(directory, kDirectoryMode));
  CW_TRY(make_keys(keys, folder, made));
  wanted.signers = keys.public_keys;
  auto changes = CW_TRY(network::new_network(wanted));
  CW_TRY(make_network(directory, changes, made));
  return changes;
}

}  // namespace

int init_network(const InitRequest& request, const Terminal& terminal) {
  const auto directory = without_slash(request.directory);
  const auto folder = request.keys.value_or(beside(directory) + "-keys");
  if (const auto good = check_places(request, directory, folder); !good) {
    return complain(good.error(), terminal);
  }
  if (const auto used = uses_shared_addresses(); used && !request.pool) {
    print(stderr, fmt::format("{} {}: the random pool may collide with it on this machine; choose "
                              "another with --pool\n",
                              painted("warning:", Paint::Yellow, terminal.err), *used));
  }
  auto wanted = tried_answers(request);
  if (!wanted) {
    return complain(wanted.error(), terminal);
  }
  auto keys = request.no_keys ? Result<Keys>(Keys()) : plan_keys(folder, wanted->name, request);
  if (!keys) {
    return complain(trouble(keys.error(),
                            "without signing keys: --no-keys; keys without a "
                            "passphrase: --no-passphrase"),
                    terminal);
  }
  Made made;
  const auto changes = make_all(*wanted, *keys, directory, folder, made);
  if (!changes) {
    return complain(trouble(changes.error()), terminal);
  }
  made.keep();
  print(stderr, done_text(directory, *changes, *keys, *wanted));
  return kDone;
}

}  // namespace cw::cli
