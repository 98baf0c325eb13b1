// SPDX-License-Identifier: Apache-2.0
#include "network/schema.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/toml.h"

namespace cw::network {
namespace {

TEST(Schema, EveryKeyIsDocumented) {
  for (const Key& key : all_keys()) {
    EXPECT_GT(key.doc.size(), 10U) << key.name << " has no doc";
    EXPECT_TRUE(key.doc.ends_with('.')) << key.name << ": the doc is no sentence: " << key.doc;
    const bool table = key.type == KeyType::Table || key.type == KeyType::NamedTable ||
                       key.type == KeyType::Tables;
    EXPECT_TRUE(table || !key.example.empty()) << key.name << " has no example";
    EXPECT_TRUE(table || key.required || !key.default_text.empty())
        << key.name << " has no default";
    EXPECT_TRUE(!key.required || key.default_text.empty()) << key.name;
  }
}

TEST(Schema, EveryExampleIsTomlOfTheKeysType) {
  for (const Key& key : all_keys()) {
    if (key.example.empty()) {
      continue;
    }
    const auto text = "x = " + std::string(key.example);
    const auto table = parse_toml(text, "example");
    ASSERT_TRUE(table) << text;
    EXPECT_TRUE(fits(key.type, table->members[0].value)) << text;
  }
}

TEST(Schema, NamesEachKeyOnceInItsTable) {
  std::set<std::tuple<FileKind, std::string_view, std::string_view>> seen;
  for (const Key& key : all_keys()) {
    EXPECT_TRUE(seen.emplace(key.file, key.table, key.name).second) << key.name;
    const auto keys = keys_of(key.file, key.table);
    EXPECT_TRUE(&key >= &keys.front() && &key <= &keys.back())
        << "the keys of a table stand together; " << key.name << " does not";
  }
}

TEST(Manual, ListsTheKeysOfATable) {
  const auto text = manual(FileKind::Router, "key");
  EXPECT_THAT(text, testing::HasSubstr("*gateway* (a name)\n\tRequired. The gateway's name."));
}

}  // namespace
}  // namespace cw::network
