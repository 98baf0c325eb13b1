// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "network/diagnostic.h"
#include "network/schema.h"
#include "network/toml.h"

// Reads one TOML table by the schema. Making a reader checks the table: unknown keys (with the
// nearest known one), missing ones, wrong types. Taking a key then turns it into its value's type.
// Every mistake becomes a diagnostic; a Field that is `set` without a value has been reported, and
// whoever finds it says nothing more.
namespace cw::network {

template <class T>
struct Field {
  std::optional<T> value;
  Span span;
  bool set = false;  // the key is there, right or wrong

  [[nodiscard]] explicit operator bool() const { return value.has_value(); }

  // NOLINTBEGIN(bugprone-unchecked-optional-access): as std::optional's own, for who has checked
  [[nodiscard]] const T& operator*() const { return *value; }

  [[nodiscard]] const T* operator->() const { return &*value; }

  // NOLINTEND(bugprone-unchecked-optional-access)

  friend bool operator==(const Field&, const Field&) = default;
};

template <class T>
struct Located {
  T value;
  Span span;

  friend bool operator==(const Located&, const Located&) = default;
};

template <class T>
using LocatedList = std::vector<Located<T>>;

// A key that stands in the schema, checked when it is compiled.
struct KeyName {
  std::string_view text;

  // NOLINTNEXTLINE(google-explicit-constructor): `take("pool", ...)` must read well
  consteval KeyName(const char* name) : text(name) {
    if (!is_schema_key(text)) {
      throw "this key is not in the schema";
    }
  }
};

class TableReader {
 public:
  // `at` is the table's header, or nothing for the file itself. `diagnostics` outlives the reader.
  TableReader(const TomlTable& table, FileKind kind, std::string_view name, Span at,
              const std::string& file, Diagnostics& diagnostics);

  // A string, through `parse`: Result<T>(std::string_view).
  template <class Parse>
  auto take(KeyName key, Parse parse) {
    using T = typename decltype(parse(std::string_view()))::value_type;
    Field<T> field;
    if (const auto* value = start<std::string>(key, field)) {
      field.value = checked(parse(*value), field.span);
    }
    return field;
  }

  template <class Parse>
  auto take_list(KeyName key, std::size_t most, Parse parse) {
    using T = typename decltype(parse(std::string_view()))::value_type;
    LocatedList<T> list;
    for (const TomlValue& each : elements(key, most)) {
      if (auto item = checked(parse(std::get<std::string>(each.data)), each.span)) {
        list.push_back({.value = std::move(*item), .span = each.span});
      }
    }
    return list;
  }

  Field<std::int64_t> take_number(KeyName key, std::int64_t least, std::int64_t most);
  LocatedList<std::int64_t> take_numbers(KeyName key, std::size_t how_many, std::int64_t least,
                                         std::int64_t most);
  Field<bool> take_flag(KeyName key);
  Field<WallTime> take_time(KeyName key);

  // The tables of [[key]], with their readers.
  std::vector<std::pair<Span, TableReader>> take_tables(KeyName key, std::size_t most);
  std::optional<TableReader> take_table(KeyName key);
  // The elements of a list of strings and tables, the latter with their readers.
  std::vector<std::pair<const TomlValue*, std::optional<TableReader>>> take_strings_and_tables(
      KeyName key, std::size_t most);
  // What stands in a table whose keys are names that people choose; the caller looks at the values.
  [[nodiscard]] std::span<const TomlMember> take_named(KeyName key, std::size_t most);

  [[nodiscard]] bool has(KeyName key) const { return table_->find(key.text) != nullptr; }

  // What the caller finds wrong with what it took.
  void report(Span span, std::string message, std::string hint);

 private:
  void check(Span at);

  template <class T, class F>
  const T* start(KeyName key, Field<F>& field) {
    const TomlMember* member = table_->find(key.text);
    if (member == nullptr) {
      return nullptr;
    }
    field.set = true;
    field.span = member->value.span;
    return std::get_if<T>(&member->value.data);  // of another type: check() has said so
  }

  template <class T>
  std::optional<T> checked(Result<T> result, Span span) {
    if (!result) {
      report(span, result.error().message, {});
      return std::nullopt;
    }
    return std::move(*result);
  }

  [[nodiscard]] std::span<const TomlValue> elements(KeyName key, std::size_t most);
  [[nodiscard]] const Key& schema(std::string_view key) const;
  std::optional<std::int64_t> in_range(std::int64_t value, Span span, std::int64_t least,
                                       std::int64_t most);

  const TomlTable* table_;
  FileKind kind_;
  std::string_view name_;
  const std::string* file_;
  Diagnostics* diagnostics_;
};

}  // namespace cw::network
