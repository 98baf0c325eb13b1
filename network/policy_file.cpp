// SPDX-License-Identifier: Apache-2.0
#include "network/policy_file.h"

#include <fmt/format.h>

#include "network/limits.h"
#include "network/name.h"

namespace cw::network {

namespace {

class Reader {
 public:
  Reader(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics)
      : table_(tree, FileKind::Policy, "", {}, path, diagnostics),
        path_(path),
        diagnostics_(diagnostics) {}

  PolicyFile read() {
    PolicyFile file;
    for (const auto& member : table_.take_named("groups", kMostPolicyGroups)) {
      if (named(member)) {
        file.groups.push_back(group(member));
      }
    }
    for (const auto& member : table_.take_named("hosts", kMostHosts)) {
      if (named(member)) {
        file.hosts.push_back(host(member));
      }
    }
    for (auto& [at, table] : table_.take_tables("rule", kMostRules)) {
      file.rules.push_back(
          {.at = at,
           .name = table.take("name", parse_name),
           .from = table.take_list("from", kMostSelectors, any_text),
           .to = table.take_list("to", kMostSelectors, any_text),
           .services = table.take_list("ports", kMostSelectors, policy::Service::parse),
           .expires = table.take_time("expires")});
    }
    for (auto& [at, table] : table_.take_tables("test", kMostTests)) {
      file.tests.push_back(
          {.at = at,
           .from = table.take_list("from", kMostSelectors, any_text),
           .accept = table.take_list("accept", kMostSelectors, policy::parse_target),
           .deny = table.take_list("deny", kMostSelectors, policy::parse_target)});
    }
    return file;
  }

 private:
  static Result<std::string> any_text(std::string_view text) { return parse_user(text); }

  void report(Span span, std::string message, std::string hint) {
    diagnostics_.push_back({.message = std::move(message),
                            .place = {.file = path_, .span = span},
                            .hint = std::move(hint)});
  }

  bool named(const TomlMember& member) {
    const auto name = parse_name(member.key);
    if (!name) {
      report(member.span, name.error().message, {});
    }
    return name.has_value();
  }

  GroupEntry group(const TomlMember& member) {
    GroupEntry entry{.name = member.key, .at = member.span, .members = {}};
    const auto* list = std::get_if<TomlArray>(&member.value.data);
    if (list == nullptr || list->size() > kMostMembers) {
      report(
          member.value.span, fmt::format("group `{}` must be a list of names", member.key),
          fmt::format("write it as {} = [\"alice@example.com\", \"printer-laptop\"]", member.key));
      return entry;
    }
    for (const auto& each : *list) {
      const auto* text = std::get_if<std::string>(&each.data);
      if (text == nullptr || !parse_user(*text)) {
        report(each.span, fmt::format("a member of group `{}` is a user or a peer", member.key),
               {});
      } else {
        entry.members.push_back({.value = *text, .span = each.span});
      }
    }
    return entry;
  }

  // An address is a prefix of one.
  static Result<net::Prefix> parse_where(std::string_view text) {
    if (text.find('/') != std::string_view::npos) {
      return net::Prefix::parse(text);
    }
    return net::Prefix::host(CW_TRY(net::Ip::parse(text)));
  }

  HostEntry host(const TomlMember& member) {
    HostEntry entry{.name = member.key, .at = member.span, .prefix = {}, .site = {}};
    if (const auto* text = std::get_if<std::string>(&member.value.data)) {
      entry.prefix.set = true;
      entry.prefix.span = member.value.span;
      if (auto prefix = parse_where(*text)) {
        entry.prefix.value = *prefix;
      } else {
        report(member.value.span, prefix.error().message, {});
      }
    } else if (const auto* table = std::get_if<TomlTable>(&member.value.data)) {
      TableReader reader(*table, FileKind::Policy, "hosts", member.span, path_, diagnostics_);
      entry.prefix = reader.take("address", parse_where);
      entry.site = reader.take("site", parse_name);
    } else {
      report(member.value.span, fmt::format("host `{}` must be an address", member.key),
             fmt::format("write it as {0} = \"10.0.1.5\" or {0} = {{ address = \"10.0.1.5\", site "
                         "= \"production\" }}",
                         member.key));
    }
    return entry;
  }

  TableReader table_;
  const std::string& path_;
  Diagnostics& diagnostics_;
};

}  // namespace

PolicyFile read_policy(const TomlTable& tree, const std::string& path, Diagnostics& diagnostics) {
  return Reader(tree, path, diagnostics).read();
}

std::optional<PolicyFile> read_policy_file(std::string_view text, const std::string& path,
                                           Diagnostics& diagnostics) {
  const auto tree = parse_toml(text, path, {.largest_file = kLargestPolicy});
  if (!tree) {
    diagnostics.push_back(tree.error());
    return std::nullopt;
  }
  return read_policy(*tree, path, diagnostics);
}

}  // namespace cw::network
