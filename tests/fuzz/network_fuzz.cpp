// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "network/compile.h"
#include "network/netmap_json.h"

// A whole network directory: files one after the other, each behind a line `=== PATH`. It compiles
// or is refused with diagnostics; a netmap survives its JSON and its own directory.
// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cw::network;
  constexpr std::string_view kMark = "=== ";
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::map<std::string, std::string> texts;
  while (rest.starts_with(kMark)) {
    rest.remove_prefix(kMark.size());
    const auto path = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(path.size() + 1, rest.size()));
    const auto end = rest.find("\n=== ");
    texts[std::string(path)] = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  Directory directory;
  for (const auto& [path, text] : texts) {
    directory.put(path, text);
  }
  auto compiled = compile(directory);
  quote_lines(compiled.diagnostics, [&](const std::string& file) -> std::optional<std::string> {
    const auto found = texts.find(file);
    return found == texts.end() ? std::nullopt : std::optional(found->second);
  });
  const auto said = render(compiled.diagnostics);
  if (said.find('\x1b') != std::string::npos || (!compiled.netmap && said.empty())) {
    std::abort();
  }
  if (compiled.netmap) {
    const auto back = netmap_from_json(to_json(*compiled.netmap));
    if (!back || *back != *compiled.netmap ||
        compile(to_directory(*compiled.netmap)).netmap != compiled.netmap) {
      std::abort();
    }
  }
  return 0;
}
