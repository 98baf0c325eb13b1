// SPDX-License-Identifier: Apache-2.0
#include "network/statement.h"

#include <charconv>

#include <fmt/format.h>

#include "base/printable.h"
#include "base/rfc3339.h"
#include "network/limits.h"

namespace cw::network {

namespace {

constexpr std::size_t kLongestStatement = 256;

// The value of ` key=`, up to the next blank; nothing where it does not come next.
std::optional<std::string_view> take(std::string_view& text, std::string_view key) {
  if (!text.starts_with(key)) {
    return std::nullopt;
  }
  text.remove_prefix(key.size());
  const auto value = text.substr(0, text.find(' '));
  text.remove_prefix(value.size());
  return value;
}

std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view key) {
  const auto value = take(text, key);
  std::uint64_t number = 0;
  if (!value) {
    return std::nullopt;
  }
  const auto [end, wrong] = std::from_chars(value->data(), value->data() + value->size(), number);
  return wrong == std::errc() && end == value->data() + value->size() ? std::optional(number)
                                                                      : std::nullopt;
}

std::optional<Statement> read(std::string_view text) {
  Statement statement;
  if (text.starts_with("causeway netmap ")) {
    text.remove_prefix(std::string_view("causeway netmap").size());
  } else if (text.starts_with("causeway revocations ")) {
    statement.content = Content::Revocations;
    text.remove_prefix(std::string_view("causeway revocations").size());
  } else {
    return std::nullopt;
  }
  const auto serial = take_number(text, " serial=");
  const auto network = net::Prefix::parse(take(text, " network=").value_or(""));
  const auto time = from_rfc3339(take(text, " time=").value_or(""));
  if (!serial || *serial == 0 || *serial > kLargestSerial || !network || !time ||
      network->is_v4() || network->length() != kUlaLength) {
    return std::nullopt;
  }
  statement.serial = *serial;
  statement.network = *network;
  statement.time = *time;
  if (statement.content == Content::Revocations) {
    return statement;
  }
  statement.revocations = take_number(text, " revocations=").value_or(0);
  if (statement.revocations > kLargestSerial) {
    return std::nullopt;
  }
  if (const auto confirm = take_number(text, " confirm=")) {
    if (*confirm == 0 || *confirm > static_cast<std::uint64_t>(kLongestConfirm.count())) {
      return std::nullopt;
    }
    statement.confirm = std::chrono::seconds(*confirm);
  }
  return statement;
}

}  // namespace

std::string_view to_text(Content content) {
  return content == Content::Netmap ? "netmap" : "revocations";
}

std::string to_text(const Statement& statement) {
  auto text =
      fmt::format("causeway {} serial={} network={} time={}", to_text(statement.content),
                  statement.serial, statement.network.to_text(), to_rfc3339(statement.time));
  if (statement.content == Content::Netmap) {
    text += fmt::format(" revocations={}", statement.revocations);
    if (statement.confirm) {
      text += fmt::format(" confirm={}", statement.confirm->count());
    }
  }
  return text;
}

Result<Statement> parse_statement(std::string_view text) {
  if (text.size() <= kLongestStatement) {
    const auto statement = read(text);
    // Whatever was left over, out of order or written in another way is written differently.
    if (statement && to_text(*statement) == text) {
      return *statement;
    }
  }
  return Error::invalid(fmt::format("its trusted comment is none of causeway's: '{}'",
                                    printable(text.substr(0, kLongestStatement))));
}

}  // namespace cw::network
