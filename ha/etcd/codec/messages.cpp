// SPDX-License-Identifier: Apache-2.0
#include "ha/etcd/codec/messages.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/printable.h"
#include "ha/etcd/codec/json.h"
#include "ha/etcd/codec/record.h"
#include "net/key.h"

namespace cw::ha::etcd {

namespace {

// A network's id is a ULA in text form or a name; both are shorter.
constexpr std::size_t kMostNetwork = 64;
constexpr std::size_t kMostToken = 4096;  // a JWT has some hundred bytes
constexpr std::size_t kMostReason = 300;  // of etcd's words, in our journal

// google.golang.org/grpc/codes
constexpr std::uint64_t kInvalidArgument = 3;
constexpr std::uint64_t kPermissionDenied = 7;
constexpr std::uint64_t kResourceExhausted = 8;
constexpr std::uint64_t kUnimplemented = 12;
constexpr std::uint64_t kUnauthenticated = 16;

constexpr long kFirstClientError = 400;
constexpr long kRequestTimeout = 408;
constexpr long kFirstServerError = 500;

std::string prefix_of(const Site& site) {
  return fmt::format("/causeway/{}/{}/", site.network, site.number);
}

// The first key behind all that begin so: '0' comes after '/'.
std::string end_of(const Site& site) {
  std::string end = prefix_of(site);
  ++end.back();
  return end;
}

std::string words(std::string_view text) {
  return printable(text.substr(0, kMostReason));
}

Result<Header> header_of(const Json& object) {
  const Json* header = member(object, "header");
  if (header == nullptr || !header->is_object()) {
    return Error::invalid("an answer without a header; is this etcd 3.4 or newer?");
  }
  const auto cluster = CW_TRY(number(*header, "cluster_id"));
  const auto revision = CW_TRY(number(*header, "revision"));
  return Header{.cluster = cluster, .revision = revision};
}

Result<const Json*> list(const Json& object, const char* name, std::size_t most) {
  static const Json kNone = Json::array();
  const Json* found = member(object, name);
  if (found == nullptr) {
    return &kNone;
  }
  if (!found->is_array() || found->size() > most ||
      !std::ranges::all_of(*found, [](const Json& item) { return item.is_object(); })) {
    return Error::invalid(fmt::format("\"{}\" is no list of at most {} objects", name, most));
  }
  return found;
}

struct KeyValue {
  std::string key;
  std::uint64_t revision = 0;
  Result<Record> record;
};

Result<KeyValue> key_value_of(const Json& object) {
  KeyValue found;
  found.key = CW_TRY(bytes(object, "key"));
  found.revision = CW_TRY(number(object, "mod_revision"));
  if (found.revision == 0) {
    return Error::invalid("a key without a revision");
  }
  const auto value = CW_TRY(bytes(object, "value"));
  found.record = in_context(
      record_from_json(value),
      fmt::format(
          "reading {} (see what `etcdctl get` says; `etcdctl del` makes room for a new one)",
          printable(found.key)));
  return found;
}

Result<VersionedRecord> versioned(KeyValue found) {
  auto record = CW_TRY(std::move(found.record));
  return VersionedRecord{.version = found.revision, .record = std::move(record)};
}

// One key's answer to a range: the record, or none.
Result<VersionedRecord> single(const std::string& key, const Json& object) {
  const Json* found = CW_TRY(list(object, "kvs", 1));
  if (found->empty()) {
    return VersionedRecord{};
  }
  auto value = CW_TRY(key_value_of(found->front()));
  if (value.key != key) {
    return Error::invalid(
        fmt::format("{} was asked for, and the answer has {}", key, words(value.key)));
  }
  return versioned(std::move(value));
}

// The gateway, or none where the key is nobody's of ours.
Result<std::optional<std::string>> gateway_of(const Site& site, const std::string& key) {
  const auto prefix = prefix_of(site);
  if (!key.starts_with(prefix)) {
    return Error::invalid(
        fmt::format("{}... was asked for, and the answer has {}", prefix, words(key)));
  }
  auto name = key.substr(prefix.size());
  return is_name(name, kMostGatewayName) ? std::optional(std::move(name)) : std::nullopt;
}

Result<std::optional<Change>> change_of(const Site& site, const Json& object, bool deleted) {
  const auto key = CW_TRY(bytes(object, "key"));
  const auto gateway = CW_TRY(gateway_of(site, key));
  if (!gateway) {
    return std::optional<Change>();
  }
  Change change{.gateway = *gateway, .revision = 0, .current = VersionedRecord{}};
  if (deleted) {
    change.revision = CW_TRY(number(object, "mod_revision"));
  } else {
    auto found = CW_TRY(key_value_of(object));
    change.revision = found.revision;
    change.current = versioned(std::move(found));
  }
  return std::optional(std::move(change));
}

}  // namespace

Result<> check(const Site& site) {
  const bool plain = !site.network.empty() && site.network.size() <= kMostNetwork &&
                     std::ranges::all_of(site.network, [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-';
                     });
  if (!plain || site.number == 0) {
    return Error::invalid(fmt::format("\"{}\" and {} are no network's id and no site's",
                                      words(site.network), site.number));
  }
  return {};
}

std::string key_of(const Site& site, std::string_view gateway) {
  return prefix_of(site).append(gateway);
}

// Linearizable unless "serializable" is set: the member asks the others whether it is up to date.
std::string read_request(const Site& site, std::string_view gateway) {
  return Json{{"key", to_base64(key_of(site, gateway))}}.dump();
}

std::string read_all_request(const Site& site) {
  return Json{{"key", to_base64(prefix_of(site))},
              {"range_end", to_base64(end_of(site))},
              {"limit", std::to_string(kMostRecords)}}
      .dump();
}

// A key that is not there has the mod_revision 0, so one comparison serves both.
Result<std::string> write_request(const Site& site, const WriteRecord& write) {
  const auto value = CW_TRY(to_json(write.record));
  const auto key = to_base64(key_of(site, write.gateway));
  const Json compare{{"key", key},
                     {"target", "MOD"},
                     {"result", "EQUAL"},
                     {"mod_revision", std::to_string(write.expected)}};
  const Json put{{"request_put", {{"key", key}, {"value", to_base64(value)}}}};
  const Json get{{"request_range", {{"key", key}}}};
  return Json{{"compare", Json::array({compare})},
              {"success", Json::array({put})},
              {"failure", Json::array({get})}}
      .dump();
}

std::string watch_request(const Site& site, std::uint64_t from_revision) {
  const Json create{{"key", to_base64(prefix_of(site))},
                    {"range_end", to_base64(end_of(site))},
                    {"start_revision", std::to_string(from_revision)}};
  return Json{{"create_request", create}}.dump();
}

net::Secret login_request(std::string_view user, const net::Secret& password) {
  // What is no UTF-8 becomes U+FFFD, and etcd refuses the password: no exception with it in its
  // text.
  Json request{{"name", user}, {"password", password.expose()}};
  auto text = request.dump(-1, ' ', false, Json::error_handler_t::replace);
  net::wipe(request["password"].get_ref<std::string&>());
  net::Secret secret(text);
  net::wipe(text);
  return secret;
}

Result<ReadAnswer> read_answer(const Site& site, std::string_view gateway, std::string_view json) {
  const Json object = CW_TRY(parse_object(json));
  ReadAnswer answer;
  answer.header = CW_TRY(header_of(object));
  answer.current = CW_TRY(single(key_of(site, gateway), object));
  return answer;
}

Result<WriteAnswer> write_answer(const Site& site, const WriteRecord& write,
                                 std::string_view json) {
  const Json object = CW_TRY(parse_object(json));
  WriteAnswer answer;
  answer.header = CW_TRY(header_of(object));
  answer.written = CW_TRY(truth(object, "succeeded"));
  if (answer.written) {
    answer.current = VersionedRecord{.version = answer.header.revision, .record = write.record};
    return answer;
  }
  const Json* responses = CW_TRY(list(object, "responses", 1));
  const Json* range = responses->empty() ? nullptr : member(responses->front(), "response_range");
  if (range == nullptr || !range->is_object()) {
    return Error::invalid("the answer to a write has neither written nor read");
  }
  answer.current = single(key_of(site, write.gateway), *range);
  return answer;
}

Result<ReadAllAnswer> read_all_answer(const Site& site, std::string_view json) {
  const Json object = CW_TRY(parse_object(json));
  ReadAllAnswer answer;
  answer.header = CW_TRY(header_of(object));
  if (CW_TRY(truth(object, "more"))) {
    return Error::make(ErrorKind::Exhausted,
                       fmt::format("over {} keys in {}; delete those of gateways that are gone",
                                   kMostRecords, prefix_of(site)));
  }
  for (const Json& item : *CW_TRY(list(object, "kvs", kMostRecords))) {
    if (auto change = CW_TRY(change_of(site, item, false))) {
      answer.found.push_back(std::move(*change));
    }
  }
  return answer;
}

Result<WatchMessage> watch_message(const Site& site, std::string_view line) {
  const Json object = CW_TRY(parse_object(line));
  WatchMessage message;
  if (const Json* error = member(object, "error"); error != nullptr) {
    message.cancelled = true;
    message.reason = error->is_object() ? words(CW_TRY(text(*error, "message"))) : "an error";
    return message;
  }
  const Json* result = member(object, "result");
  if (result == nullptr || !result->is_object()) {
    return Error::invalid("a line of a watch without a result");
  }
  message.header = CW_TRY(header_of(*result));
  message.created = CW_TRY(truth(*result, "created"));
  message.cancelled = CW_TRY(truth(*result, "canceled"));
  message.compacted = CW_TRY(number(*result, "compact_revision")) != 0;
  message.reason = words(CW_TRY(text(*result, "cancel_reason")));
  // As many as the line has room for.
  for (const Json& event : *CW_TRY(list(*result, "events", kMostLine))) {
    const auto type = CW_TRY(text(event, "type"));
    const Json* item = member(event, "kv");
    if (item == nullptr || !item->is_object() ||
        !(type.empty() || type == "PUT" || type == "DELETE")) {
      return Error::invalid("an event of a watch that is none");
    }
    message.brought = std::max(message.brought, CW_TRY(number(*item, "mod_revision")));
    if (auto change = CW_TRY(change_of(site, *item, type == "DELETE"))) {
      message.changes.push_back(std::move(*change));
    }
  }
  return message;
}

Result<net::Secret> login_answer(std::string_view json) {
  const Json object = CW_TRY(parse_object(json));
  auto token = CW_TRY(text(object, "token"));
  const bool sendable = !token.empty() && token.size() <= kMostToken &&
                        std::ranges::all_of(token, [](char c) { return c > ' ' && c < 0x7f; });
  net::Secret secret(token);
  net::wipe(token);
  if (!sendable) {
    return Error::invalid("the answer to a login has no token that can be sent");
  }
  return secret;
}

// A code and not the status says whether the request was turned away before it was executed; a
// proxy's answer has only the status.
Failure failure_of(long status, std::string_view json) {
  const auto object = parse_object(json);
  const auto code = object ? number(*object, "code") : Result<std::uint64_t>(0);
  const auto said = object ? text(*object, "message") : Result<std::string>(std::string());
  const auto reason = fmt::format("etcd answers with status {}{}{}", status,
                                  said && !said->empty() ? ": " : "", words(said.value_or("")));
  const auto made = [&](bool perhaps, bool token, ErrorKind kind, std::string_view advice = {}) {
    return Failure{.executed_perhaps = perhaps,
                   .token_is_bad = token,
                   .error = Error::make(kind, fmt::format("{}{}", reason, advice))};
  };
  switch (code.value_or(0)) {
    case kUnauthenticated:
      return made(false, true, ErrorKind::Permission);
    // A user that was changed meanwhile needs another token, though the old one is known.
    case kPermissionDenied:
      return made(false, true, ErrorKind::Permission,
                  "; grant the user's role readwrite to the prefix /causeway/");
    case kInvalidArgument:
      return made(false, true, ErrorKind::Permission, "; check the user and its password");
    case kResourceExhausted:
      return made(false, false, ErrorKind::Retryable,
                  "; if its space is used up: compact, defragment and `etcdctl alarm disarm`");
    case kUnimplemented:
      return made(false, false, ErrorKind::Unsupported, "; etcd 3.4 or newer is needed");
    default:
      break;
  }
  if (status >= kFirstClientError && status < kFirstServerError && status != kRequestTimeout) {
    return made(false, false, ErrorKind::Invalid, "; is the endpoint etcd 3.4 or newer?");
  }
  return made(true, false, ErrorKind::Retryable);
}

}  // namespace cw::ha::etcd
