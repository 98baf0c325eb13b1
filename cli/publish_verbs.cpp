// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <iostream>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rfc3339.h"
#include "cli/netmap_verbs.h"
#include "cli/published.h"
#include "cli/signing.h"
#include "network/netmap_difference.h"
#include "network/netmap_json.h"

namespace cw::cli {

namespace {

using network::Candidate;
using network::Published;
using network::Statement;
using network::minisign::SecretKey;

// What a signed file is made of, and what it replaces.
struct Next {
  const Candidate& candidate;
  const std::string& body;
  const Current* current;  // what it replaces, where there is something
  bool unseen = false;     // whatever is there is replaced
};

// What the people who were revoked should know.
void say_what_holds(const Candidate& candidate) {
  if (candidate.revoked == nullptr) {
    return;
  }
  const auto names = network::still_let_in(candidate.netmap, candidate.revoked->list);
  if (!names.empty()) {
    print(stderr, fmt::format("the revocation of {} stays in force, although the network lets "
                              "{} in: lock them out in their peer files, or take it back with "
                              "`causeway revoke --restore`\n",
                              fmt::join(names, ", "), names.size() == 1 ? "it" : "them"));
  }
}

Error somebody_else_published() {
  return Error::make(ErrorKind::Exists,
                     "somebody else published in the meantime, and nothing was written; look at "
                     "`causeway netmap diff`, and publish again");
}

// What `rollback` goes back to: the last one that was no trial. It is kept before it is replaced,
// so that it is found whatever happens in between.
Result<> keep_previous(const Target& target, const Next& next) {
  if (next.current == nullptr || next.current->published.statement.confirm ||
      (next.current->published.body == next.body && !next.candidate.confirm)) {
    return {};  // signed again, the same is not what anybody would go back to
  }
  const auto there = CW_TRY(target.get());
  if (!there || there->content != next.current->bundle) {
    return somebody_else_published();
  }
  return target.put(kPrevious, next.current->bundle);
}

// What was replaced unseen is not what lies there; `rollback` must not take it for that.
Result<> forget_previous(const Target& target, const std::string& bundle) {
  const auto there = CW_TRY(target.get(kPrevious));
  return there ? target.put(kPrevious, bundle) : Result<>();
}

Result<> write(const Target& target, const Next& next, const std::string& bundle) {
  const auto* current = next.current;
  if (current != nullptr && !target.tells_apart(current->version)) {
    print(stderr, fmt::format("{} gives no strong ETag: of two who publish at the same time, the "
                              "second replaces what the first wrote\n",
                              target.text()));
  }
  CW_TRY(keep_previous(target, next));
  const auto written =
      target.put({}, bundle,
                 {.nothing = current == nullptr && !next.unseen,
                  .version = current != nullptr ? current->version : fetch::Version()});
  if (!written) {
    return written.error().kind == ErrorKind::Exists ? somebody_else_published()
                                                     : Error(written.error());
  }
  return {};
}

Result<int> put(const Target& target, const Next& next, const Statement& statement,
                const SecretKey& key) {
  const auto bundle = network::make_bundle(next.body, statement, key);
  CW_TRY(write(target, next, bundle));
  print(stdout,
        fmt::format("published serial {} of network {} to {}, signed by key {}\n", statement.serial,
                    statement.network.to_text(), target.text(), key.public_key().name()));
  if (statement.confirm) {
    print(stdout, fmt::format("routers go back to the one before after {} s, unless you say: "
                              "causeway netmap confirm {} --key KEY\n",
                              statement.confirm->count(), target.text()));
  }
  say_what_holds(next.candidate);
  if (next.unseen) {
    CW_TRY(forget_previous(target, bundle));
  }
  return kDone;
}

// Nobody confirmed it, and routers have gone back.
bool is_given_up(const Statement& statement, WallTime now) {
  return statement.confirm && now > statement.time + *statement.confirm;
}

// Whether what is there says the same already.
bool is_published(const Next& next, const Statement& statement) {
  if (next.current == nullptr || next.current->published.body != next.body) {
    return false;
  }
  const auto& there = next.current->published.statement;
  return there.revocations == statement.revocations && there.confirm == statement.confirm &&
         !is_given_up(there, statement.time);
}

// Says what changes; refuses to break clients by accident.
Result<> review(const Published& before, const network::Netmap& after,
                const network::minisign::PublicKey& key, bool reissue) {
  const auto found = network::difference(before.netmap, after, key, SystemClock().wall());
  print(stdout, to_text(found));
  if (!found.reissued.empty() && !reissue) {
    return Error::invalid(fmt::format(
        "{} would lose the network until a new configuration is imported, so nothing was "
        "published; undo what changes them, or say --reissue and give out the new ones",
        plural(found.reissued.size(), "client")));
  }
  return {};
}

Result<int> publish(const PublishOptions& options, const Terminal& terminal) {
  const auto read = read_network(options.directory, terminal);
  if (!read) {
    return kFailed;
  }
  const auto target = CW_TRY(Target::open(options.target.target, options.target.ca_file));
  const auto key = CW_TRY(open_key(options.signing));
  auto trusted = CW_TRY(find_keys(options.target.trust));
  trusted.push_back(key.public_key());
  trusted.insert(trusted.end(), read->netmap.signers.begin(), read->netmap.signers.end());
  std::optional<Current> current;
  if (!options.serial) {
    current = CW_TRY(read_current(target, trusted));
  }
  if (options.confirm && !current && !options.serial) {
    return Error::invalid(fmt::format(
        "nothing was published to {}, so there is nothing that routers could go back to: publish "
        "the first one without --confirm",
        target.text()));
  }
  const auto body = network::to_json(read->netmap);
  if (current) {  // whoever may revoke now
    const auto& before = current->published.netmap;
    trusted.insert(trusted.end(), before.signers.begin(), before.signers.end());
    trusted.insert(trusted.end(), before.revokers.begin(), before.revokers.end());
  }
  const auto revoked = CW_TRY(read_revoked(target, read->netmap, trusted));
  const Candidate candidate{.netmap = read->netmap,
                            .key = key.public_key(),
                            .in_force = current ? &current->published : nullptr,
                            .revoked = revoked ? &revoked->published : nullptr,
                            .lowest_serial = options.serial.value_or(1),
                            .confirm = options.confirm,
                            .may_lock_out = options.lock_out};
  const auto statement = CW_TRY(next_statement(candidate, SystemClock().wall()));
  const Next next{.candidate = candidate,
                  .body = body,
                  .current = current ? &*current : nullptr,
                  .unseen = options.serial.has_value()};
  if (is_published(next, statement)) {
    print(stdout, fmt::format("nothing to publish: {} holds this network already, serial {}\n",
                              target.text(), next.current->published.statement.serial));
    return kDone;
  }
  if (current) {
    CW_TRY(review(current->published, read->netmap, key.public_key(), options.reissue));
  }
  return put(target, next, statement, key);
}

// What confirm and rollback begin with.
struct Opened {
  Target target;
  SecretKey key;
  std::vector<network::minisign::PublicKey> trusted;
  Current current;
};

Result<Opened> open(const TargetOptions& options, const SigningOptions& signing) {
  auto target = CW_TRY(Target::open(options.target, options.ca_file));
  auto key = CW_TRY(open_key(signing));
  auto trusted = CW_TRY(find_keys(options.trust));
  trusted.push_back(key.public_key());
  auto current = CW_TRY(read_current(target, trusted));
  if (!current) {
    return Error::make(ErrorKind::NotFound, "nothing was published to " + options.target);
  }
  return Opened{.target = std::move(target),
                .key = std::move(key),
                .trusted = std::move(trusted),
                .current = std::move(*current)};
}

// Signs `netmap` anew, in place of what is there.
Result<int> sign_again(const Opened& opened, const network::Netmap& netmap,
                       const std::string& body) {
  auto trusted = opened.trusted;
  const auto& before = opened.current.published.netmap;
  trusted.insert(trusted.end(), before.signers.begin(), before.signers.end());
  trusted.insert(trusted.end(), before.revokers.begin(), before.revokers.end());
  const auto revoked = CW_TRY(read_revoked(opened.target, netmap, trusted));
  const Candidate candidate{.netmap = netmap,
                            .key = opened.key.public_key(),
                            .in_force = &opened.current.published,
                            .revoked = revoked ? &revoked->published : nullptr,
                            .may_lock_out = true};
  const auto statement = CW_TRY(next_statement(candidate, SystemClock().wall()));
  return put(opened.target, {.candidate = candidate, .body = body, .current = &opened.current},
             statement, opened.key);
}

Result<int> confirm(const TargetOptions& options, const SigningOptions& signing) {
  const auto opened = CW_TRY(open(options, signing));
  const auto& published = opened.current.published;
  if (!published.statement.confirm) {
    print(stdout, fmt::format("nothing to confirm: serial {} in {} holds without it\n",
                              published.statement.serial, opened.target.text()));
    return kDone;
  }
  if (is_given_up(published.statement, SystemClock().wall())) {
    const auto until = published.statement.time + *published.statement.confirm;
    return Error::invalid(fmt::format(
        "serial {} was to be confirmed until {}, and routers have gone back by now; publish it "
        "anew",
        published.statement.serial, to_rfc3339(until)));
  }
  return sign_again(opened, published.netmap, published.body);
}

// Whoever can write to the target can put any older one there that was ever signed.
Result<Published> read_previous(const Opened& opened) {
  const auto& published = opened.current.published;
  const auto place = opened.target.text() + std::string(kPrevious);
  auto trusted = opened.trusted;
  trusted.insert(trusted.end(), published.netmap.signers.begin(), published.netmap.signers.end());
  const auto answer = CW_TRY(opened.target.get(kPrevious));
  if (!answer || !answer->content) {
    return Error::make(ErrorKind::NotFound, place + " is not there: nothing was replaced yet");
  }
  auto before = CW_TRY_IN(network::open_published(*answer->content, trusted), place);
  if (before.statement.serial >= published.statement.serial) {
    return Error::make(ErrorKind::NotFound,
                       fmt::format("nothing to go back to: {} holds serial {}, and {} serial {}",
                                   opened.target.text(), published.statement.serial, place,
                                   before.statement.serial));
  }
  if (before.statement.confirm) {
    return Error::invalid(fmt::format("{} was on trial, serial {}: publish a directory instead",
                                      place, before.statement.serial));
  }
  return before;
}

Result<> is_meant(bool yes) {
  if (yes) {
    return {};
  }
  if (::isatty(STDIN_FILENO) == 1) {
    print(stderr, "Publish it? [y/N] ");
    std::string line;
    std::getline(std::cin, line);
    if (line == "y" || line == "yes") {
      return {};
    }
  }
  return Error::invalid("nothing was published; where that is the one to go back to, say --yes");
}

Result<int> rollback(const RollbackOptions& options) {
  const auto opened = CW_TRY(open(options.target, options.signing));
  const auto& published = opened.current.published;
  const auto before = CW_TRY(read_previous(opened));
  print(stdout, to_text(network::difference(published.netmap, before.netmap,
                                            opened.key.public_key(), SystemClock().wall())));
  print(stdout, fmt::format("this goes back from serial {} of {} to serial {} of {}\n",
                            published.statement.serial, to_rfc3339(published.statement.time),
                            before.statement.serial, to_rfc3339(before.statement.time)));
  CW_TRY(is_meant(options.yes));
  return sign_again(opened, before.netmap, before.body);
}

}  // namespace

int netmap_publish(const PublishOptions& options, const Terminal& terminal) {
  return finish(publish(options, terminal), terminal);
}

int netmap_confirm(const TargetOptions& target, const SigningOptions& signing,
                   const Terminal& terminal) {
  return finish(confirm(target, signing), terminal);
}

int netmap_rollback(const RollbackOptions& options, const Terminal& terminal) {
  return finish(rollback(options), terminal);
}

}  // namespace cw::cli
