// SPDX-License-Identifier: Apache-2.0
#include "network/toml_names.h"

namespace cw::network {

namespace {

constexpr char kSeparator = '\x1f';  // cannot stand in a key unescaped

std::string joined(const std::vector<std::string>& parts, char separator) {
  std::string text;
  for (const auto& part : parts) {
    text += (text.empty() ? "" : std::string(1, separator)) + part;
  }
  return text;
}

std::string element(const std::string& path, std::size_t number) {
  return path + '#' + std::to_string(number);
}

}  // namespace

std::string TomlName::shown() const {
  return joined(parts, '.');
}

std::optional<TomlNames::Place> TomlNames::add(const std::string& path, const TomlName& name,
                                               Kind kind) {
  const Place place{.at = name.at, .length = name.length};
  for (auto end = path.find(kSeparator); end != std::string::npos;
       end = path.find(kSeparator, end + 1)) {
    const auto [outer, fresh] =
        seen_.try_emplace(path.substr(0, end), Seen{.place = place, .kind = Kind::Implied});
    if (outer->second.kind == Kind::Value) {
      return outer->second.place;
    }
  }
  const auto [found, fresh] = seen_.try_emplace(path, Seen{.place = place, .kind = kind});
  Seen& seen = found->second;
  if (seen.kind == Kind::Implied && kind == Kind::Table) {
    seen.kind = kind;  // [a.b] may stand before [a]
    return std::nullopt;
  }
  const bool one_more = seen.kind == Kind::Tables && kind == Kind::Tables;
  return fresh || one_more ? std::nullopt : std::optional(seen.place);
}

std::optional<TomlNames::Place> TomlNames::add_value(const TomlName& key) {
  const auto path = joined(key.parts, kSeparator);
  return add(table_.empty() ? path : table_ + kSeparator + path, key, Kind::Value);
}

// A header within an array of tables means that array's newest element.
std::string TomlNames::path_of_header(const TomlName& name) const {
  auto path = joined(name.parts, kSeparator);
  const auto array = elements_.find(name.parts.front());
  if (name.parts.size() > 1 && array != elements_.end()) {
    path.replace(0, array->first.size(), element(array->first, array->second));
  }
  return path;
}

std::optional<TomlNames::Place> TomlNames::add_table(const TomlName& name) {
  table_ = path_of_header(name);
  return add(table_, name, Kind::Table);
}

std::optional<TomlNames::Place> TomlNames::add_table_of_array(const TomlName& name) {
  const auto path = path_of_header(name);
  table_ = element(path, ++elements_[path]);
  return add(path, name, Kind::Tables);
}

}  // namespace cw::network
