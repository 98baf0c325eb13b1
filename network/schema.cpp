// SPDX-License-Identifier: Apache-2.0
#include "network/schema.h"

#include <algorithm>

#include <fmt/format.h>

namespace cw::network {

using enum KeyType;

std::span<const Key> all_keys() {
  return schema::kKeys;
}

std::span<const Key> keys_of(FileKind file, std::string_view table) {
  const auto wanted = [&](const Key& key) { return key.file == file && key.table == table; };
  const auto first = std::ranges::find_if(schema::kKeys, wanted);
  const auto last = std::find_if_not(first, schema::kKeys.end(), wanted);
  return {first, last};
}

std::string_view describe(KeyType type) {
  switch (type) {
    case Text:
      return "a string";
    case Name:
      return "a name";
    case Names:
      return "a list of names";
    case Address:
      return "an IP address";
    case Prefix:
      return "a prefix";
    case Prefixes:
    case Routes:
      return "a list of prefixes";
    case SiteRoutes:
      return "a list of SITE:PREFIX";
    case PublicKey:
      return "a key in base64";
    case SigningKeys:
      return "a list of minisign public keys";
    case HostPort:
      return "a host:port";
    case AddressPort:
      return "an address:port";
    case AddressPorts:
      return "a list of address:port";
    case Number:
      return "a whole number";
    case Numbers:
      return "a list of whole numbers";
    case Flag:
      return "true or false";
    case Time:
      return "a date and time with an offset";
    case Texts:
      return "a string or a list of strings";
    case Table:
    case NamedTable:
      return "a table";
    case Tables:
      return "an array of tables";
  }
  return "";
}

namespace {

template <class... T>
bool is_list_of(const TomlValue& value) {
  const auto* list = std::get_if<TomlArray>(&value.data);
  return list != nullptr && std::ranges::all_of(*list, [](const TomlValue& each) {
           return (std::holds_alternative<T>(each.data) || ...);
         });
}

}  // namespace

bool fits(KeyType type, const TomlValue& value) {
  switch (type) {
    case Number:
      return std::holds_alternative<std::int64_t>(value.data);
    case Flag:
      return std::holds_alternative<bool>(value.data);
    case Time:
      return std::holds_alternative<WallTime>(value.data);
    case Table:
    case NamedTable:
      return std::holds_alternative<TomlTable>(value.data);
    case Texts:
      return std::holds_alternative<std::string>(value.data) || is_list_of<std::string>(value);
    case AddressPorts:
    case Names:
    case Prefixes:
    case SigningKeys:
    case SiteRoutes:
      return is_list_of<std::string>(value);
    case Routes:
      return is_list_of<std::string, TomlTable>(value);
    case Numbers:
      return is_list_of<std::int64_t>(value);
    case Tables:
      return is_list_of<TomlTable>(value);
    case Text:
    case Name:
    case Address:
    case Prefix:
    case PublicKey:
    case HostPort:
    case AddressPort:
      break;
  }
  return std::holds_alternative<std::string>(value.data);
}

namespace {

// scdoc takes '_' and '*' for marks; in TOML text they stand for themselves.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("_*\\#<>[]").find(c) != std::string_view::npos) {
      out += '\\';
    }
    out += c;
  }
  return out;
}

std::string header(const Key& key, const std::string& name) {
  switch (key.type) {
    case Tables:
      return fmt::format("\\[\\[{}\\]\\]", name);
    case NamedTable:
      return fmt::format("\\[{}\\]", name);
    default:
      return name;
  }
}

}  // namespace

std::string manual(FileKind file, std::string_view table) {
  constexpr std::string_view kLineBreak = "++\n";
  std::string out;
  for (const Key& key : keys_of(file, table)) {
    const std::string name = escaped(key.name);
    out += fmt::format("*{}* ({})\n\t{}{}", header(key, name), describe(key.type),
                       key.required ? "Required. " : "", key.doc);
    if (!key.default_text.empty()) {
      out += fmt::format("{}Default: {}", kLineBreak, escaped(key.default_text));
    }
    if (!key.example.empty()) {
      out += fmt::format("{}Example: {} = {}", kLineBreak, name, escaped(key.example));
    }
    out += "\n\n";
  }
  return out;
}

}  // namespace cw::network
