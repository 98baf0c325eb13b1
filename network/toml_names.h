// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// Which names a TOML document has given so far, to tell the second one of its first. Pure; for
// toml_syntax.h.
namespace cw::network {

// A key or a table's name and where it stands: an offset into the text.
struct TomlName {
  std::vector<std::string> parts;
  std::size_t at = 0;
  std::size_t length = 0;

  [[nodiscard]] std::string shown() const;  // a.b.c
};

class TomlNames {
 public:
  struct Place {
    std::size_t at = 0;
    std::size_t length = 0;
  };

  // Each gives the place of what already has the name, where there is such a thing.
  std::optional<Place> add_value(const TomlName& key);  // in the table of the last header
  std::optional<Place> add_table(const TomlName& name);
  std::optional<Place> add_table_of_array(const TomlName& name);

 private:
  enum class Kind : std::uint8_t { Value, Table, Tables, Implied };  // Implied: by a longer name

  struct Seen {
    Place place;
    Kind kind = Kind::Value;
  };

  [[nodiscard]] std::string path_of_header(const TomlName& name) const;
  std::optional<Place> add(const std::string& path, const TomlName& name, Kind kind);

  std::string table_;  // path of the last header's table
  std::map<std::string, Seen> seen_;
  std::map<std::string, std::size_t> elements_;  // of each array of tables
};

}  // namespace cw::network
