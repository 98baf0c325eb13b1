// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "network/compile.h"

// A network directory in memory: text by path. The network every test starts from, and the way from
// texts to what the compiler says about them.
namespace cw::network {

using Texts = std::map<std::string, std::string>;

inline Directory parse(const Texts& texts) {
  Directory directory;
  for (const auto& [path, text] : texts) {
    directory.put(path, text);
  }
  return directory;
}

inline Compiled compile(const Texts& texts) {
  return compile(parse(texts));
}

// Rendered as a person sees it.
inline std::string rendered(const Texts& texts) {
  auto compiled = compile(texts);
  quote_lines(compiled.diagnostics, [&](const std::string& file) -> std::optional<std::string> {
    const auto found = texts.find(file);
    return found == texts.end() ? std::nullopt : std::optional(found->second);
  });
  return render(compiled.diagnostics);
}

inline constexpr const char* kGatewayKey = "aPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=";
inline constexpr const char* kAliceKey = "bPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=";
inline constexpr const char* kBobKey = "cPxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=";

inline Texts small_network() {
  return {
      {"network.toml",
       "name = \"example\"\n"
       "pool = \"100.83.0.0/16\"\n"
       "ula = \"fd5e:3a1c:9b04::/48\"\n"},
      {"sites/production.toml",
       "id = 7\n"
       "routes = [\"10.1.0.0/16\", \"10.0.0.0/16\"]\n"
       "[[router]]\n"
       "name = \"router-a\"\n"
       "[[gateway]]\n"
       "name = \"prod-a\"\n"
       "public_key = \"" +
           std::string(kGatewayKey) +
           "\"\n"
           "endpoint = \"vpn.example.com:51820\"\n"
           "address = \"100.83.0.1\"\n"},
      {"peers/alice.toml",
       "public_key = \"" + std::string(kAliceKey) + "\"\naddress = \"100.83.0.5\"\n"},
  };
}

}  // namespace cw::network
