// SPDX-License-Identifier: Apache-2.0
#include "network/table_reader.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace cw::network {

TableReader::TableReader(const TomlTable& table, FileKind kind, std::string_view name, Span at,
                         const std::string& file, Diagnostics& diagnostics)
    : table_(&table), kind_(kind), name_(name), file_(&file), diagnostics_(&diagnostics) {
  check(at);
}

void TableReader::report(Span span, std::string message, std::string hint) {
  diagnostics_->push_back({.message = std::move(message),
                           .place = {.file = *file_, .span = span},
                           .hint = std::move(hint)});
}

const Key& TableReader::schema(std::string_view key) const {
  return *std::ranges::find(keys_of(kind_, name_), key, &Key::name);
}

namespace {

std::string list_of(std::span<const std::string_view> words) {
  std::string text;
  for (const auto word : words) {
    text += (text.empty() ? "" : ", ") + std::string(word);
  }
  return text;
}

std::string written(const Key& key) {
  return key.example.empty() ? fmt::format("[[{}]]", key.name)
                             : fmt::format("{} = {}", key.name, key.example);
}

// A local time where one with an offset is wanted, and a list's odd element, deserve their own
// words; everything else is "a string, not a whole number".
std::string type_hint(const Key& key, const TomlValue& value) {
  if (std::holds_alternative<TomlLocalTime>(value.data) && key.type == KeyType::Time) {
    return "say in which time zone: add Z for UTC or an offset such as +02:00, and a time of day";
  }
  return fmt::format("write it as {}", written(key));
}

// The element a list is wrong for, or the value itself.
const TomlValue* culprit(const Key& key, const TomlValue* value) {
  if (const auto* list = std::get_if<TomlArray>(&value->data)) {
    for (const auto& each : *list) {
      if (!fits(key.type, TomlValue{.data = TomlArray{each}, .span = {}})) {
        return &each;
      }
    }
  }
  return value;
}

}  // namespace

void TableReader::check(Span at) {
  const auto keys = keys_of(kind_, name_);
  std::vector<std::string_view> names;
  for (const Key& key : keys) {
    names.push_back(key.name);
  }
  for (const TomlMember& member : table_->members) {
    const auto key = std::ranges::find(keys, member.key, &Key::name);
    if (key == keys.end()) {
      const auto meant = nearest(member.key, names);
      report(member.span, fmt::format("there is no key `{}` here", member.key),
             meant ? fmt::format("did you mean `{}`?", *meant)
                   : fmt::format("the keys here are {}", list_of(names)));
    } else if (!fits(key->type, member.value)) {
      const bool list = key->type == KeyType::Names || key->type == KeyType::Prefixes ||
                        key->type == KeyType::Numbers || key->type == KeyType::Tables ||
                        key->type == KeyType::Texts || key->type == KeyType::Routes;
      const TomlValue& wrong = list ? *culprit(*key, &member.value) : member.value;
      report(
          wrong.span,
          fmt::format("`{}` must be {}, not {}", key->name, describe(key->type), type_name(wrong)),
          type_hint(*key, wrong));
    }
  }
  for (const Key& key : keys) {
    if (key.required && table_->find(key.name) == nullptr) {
      report(at, fmt::format("`{}` is missing", key.name),
             fmt::format("add {}", key.type == KeyType::Tables ? fmt::format("a [[{}]]", key.name)
                                                               : written(key)));
    }
  }
}

std::span<const TomlValue> TableReader::elements(KeyName key, std::size_t most) {
  const TomlMember* member = table_->find(key.text);
  if (member != nullptr && schema(key.text).type == KeyType::Texts &&
      std::holds_alternative<std::string>(member->value.data)) {
    return {&member->value, 1};
  }
  const auto* list = member == nullptr ? nullptr : std::get_if<TomlArray>(&member->value.data);
  if (list == nullptr || !fits(schema(key.text).type, member->value)) {
    return {};
  }
  if (list->size() > most) {
    report(member->span,
           fmt::format("`{}` has {} entries; at most {} are allowed", key.text, list->size(), most),
           {});
    return {};
  }
  return *list;
}

std::optional<std::int64_t> TableReader::in_range(std::int64_t value, Span span, std::int64_t least,
                                                  std::int64_t most) {
  if (value >= least && value <= most) {
    return value;
  }
  report(span,
         least == most ? fmt::format("this must be {}, not {}", least, value)
                       : fmt::format("{} is not between {} and {}", value, least, most),
         {});
  return std::nullopt;
}

Field<std::int64_t> TableReader::take_number(KeyName key, std::int64_t least, std::int64_t most) {
  Field<std::int64_t> field;
  if (const auto* value = start<std::int64_t>(key, field)) {
    field.value = in_range(*value, field.span, least, most);
  }
  return field;
}

LocatedList<std::int64_t> TableReader::take_numbers(KeyName key, std::size_t how_many,
                                                    std::int64_t least, std::int64_t most) {
  LocatedList<std::int64_t> list;
  for (const TomlValue& each : elements(key, how_many)) {
    if (auto value = in_range(std::get<std::int64_t>(each.data), each.span, least, most)) {
      list.push_back({.value = *value, .span = each.span});
    }
  }
  return list;
}

Field<bool> TableReader::take_flag(KeyName key) {
  Field<bool> field;
  if (const auto* value = start<bool>(key, field)) {
    field.value = *value;
  }
  return field;
}

namespace {

// What can be written again in RFC 3339, whatever the offset was.
constexpr WallTime kEarliestTime{};
constexpr WallTime kLatestTime = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31);

}  // namespace

Field<WallTime> TableReader::take_time(KeyName key) {
  Field<WallTime> field;
  if (const auto* value = start<WallTime>(key, field)) {
    if (*value >= kEarliestTime && *value < kLatestTime) {
      field.value = *value;
    } else {
      report(field.span, "this time is not between the years 1970 and 9999", {});
    }
  }
  return field;
}

namespace {

// The schema's own text, which outlives every reader: "gateway", "gateway.egress".
std::string_view table_name(FileKind kind, std::string_view outer, std::string_view key) {
  const std::string name = outer.empty() ? std::string(key) : fmt::format("{}.{}", outer, key);
  const auto keys = keys_of(kind, name);
  return keys.empty() ? std::string_view() : keys.front().table;
}

}  // namespace

std::vector<std::pair<Span, TableReader>> TableReader::take_tables(KeyName key, std::size_t most) {
  std::vector<std::pair<Span, TableReader>> readers;
  const auto name = table_name(kind_, name_, key.text);
  for (const TomlValue& each : elements(key, most)) {
    readers.emplace_back(each.span, TableReader(std::get<TomlTable>(each.data), kind_, name,
                                                each.span, *file_, *diagnostics_));
  }
  return readers;
}

std::vector<std::pair<const TomlValue*, std::optional<TableReader>>>
TableReader::take_strings_and_tables(KeyName key, std::size_t most) {
  std::vector<std::pair<const TomlValue*, std::optional<TableReader>>> taken;
  const auto name = table_name(kind_, name_, key.text);
  for (const TomlValue& each : elements(key, most)) {
    std::optional<TableReader> reader;
    if (const auto* table = std::get_if<TomlTable>(&each.data)) {
      reader = TableReader(*table, kind_, name, each.span, *file_, *diagnostics_);
    }
    taken.emplace_back(&each, reader);
  }
  return taken;
}

std::optional<TableReader> TableReader::take_table(KeyName key) {
  const TomlMember* member = table_->find(key.text);
  const auto* table = member == nullptr ? nullptr : std::get_if<TomlTable>(&member->value.data);
  if (table == nullptr) {
    return std::nullopt;
  }
  return TableReader(*table, kind_, table_name(kind_, name_, key.text), member->span, *file_,
                     *diagnostics_);
}

std::span<const TomlMember> TableReader::take_named(KeyName key, std::size_t most) {
  const TomlMember* member = table_->find(key.text);
  const auto* table = member == nullptr ? nullptr : std::get_if<TomlTable>(&member->value.data);
  if (table == nullptr) {
    return {};
  }
  if (table->members.size() > most) {
    report(member->span,
           fmt::format("[{}] has {} entries; at most {} are allowed", key.text,
                       table->members.size(), most),
           {});
    return {};
  }
  return table->members;
}

}  // namespace cw::network
