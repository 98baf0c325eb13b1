// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <sstream>

#include <fmt/format.h>

#include "firewall/ruleset/rights_chains.h"
#include "firewall/ruleset/tally.h"
#include "net/ip.h"
#include "tests/support/model_kernel.h"

namespace cw::test {

namespace {

std::string key_of(const std::string& element) {
  return element.substr(0, element.find(" : "));
}

std::optional<firewall::Digest> parse_digest(const std::string& text) {
  const auto ip = net::Ip::parse(text);
  if (!ip || ip->is_v4()) {
    return std::nullopt;
  }
  firewall::Digest digest;
  for (unsigned i = 0; i < 8; ++i) {
    digest.structure = digest.structure << 8 | ip->bytes()[i];
    digest.contents = digest.contents << 8 | ip->bytes()[8 + i];
  }
  return digest;
}

}  // namespace

Result<firewall::TableState> ModelNft::read(firewall::Depth depth,
                                            const std::vector<std::string>& sets) {
  firewall::TableState state{.present = present_, .digest = parse_digest(digest_)};
  if (depth == firewall::Depth::Full && present_) {
    state.edited = listing() != sealed_;
    auto& contents = state.contents.emplace();
    for (const auto& [name, counter] : counters_) {
      if (name != firewall::kRefusedCounter) {
        contents.counters.push_back(name);
      }
    }
    contents.rights.assign(rights_.begin(), rights_.end());
    for (const auto& [chain, to] : jumps_) {
      contents.jumps.push_back({.chain = chain, .to = to});
    }
    for (const auto& name : sets) {
      const auto rights = firewall::rights_of_set(name);
      if (rights.starts_with(firewall::kRightsPrefix) && !rights_.contains(rights)) {
        continue;
      }
      std::vector<std::string> elements;
      for (const auto& [key, element] : sets_[name]) {
        elements.push_back(element);
      }
      std::ranges::sort(elements);
      contents.sets.push_back({.name = name, .elements = firewall::SetElements(elements)});
    }
  }
  return state;
}

Result<> ModelNft::may_run(const std::string& text) const {
  if (refuse) {
    return Error::invalid("nft refused line 1");
  }
  if (!has_flowtables && text.find("flowtable ") != std::string::npos) {
    return Error::from_errno(ENOENT, "nft on line 2: no such file or directory");
  }
  return {};
}

Result<> ModelNft::check(const std::string& text) {
  ++checks;
  return may_run(text);
}

Result<std::vector<std::string>> ModelNft::flowtable_devices() {
  constexpr std::string_view kDevices = "devices = {";
  const auto at =
      structure_.find(kDevices, std::min(structure_.find("  flowtable "), structure_.size()));
  std::vector<std::string> devices;
  if (at != std::string::npos) {
    std::istringstream quoted(structure_.substr(at, structure_.find('}', at) - at));
    for (std::string part; std::getline(quoted, part, '"') && std::getline(quoted, part, '"');) {
      devices.push_back(part);
    }
  }
  return devices;
}

Result<> ModelNft::commit(const std::string& text) {
  CW_TRY(may_run(text));
  if (before_commit) {
    CW_TRY(before_commit());
  }
  ++commits;
  const ModelNft before = *this;
  std::istringstream lines(text);
  std::string line;
  std::string body;
  bool inside = false;
  while (std::getline(lines, line)) {
    Result<> done;
    if (line == "table inet causeway {") {
      inside = true;
      present_ = true;
    } else if (inside && line == "}") {
      inside = false;
      if (structure_.empty()) {
        structure_ = body;
      }
    } else if (inside && line.starts_with("  set digest")) {
      const auto open = line.find("elements = { ") + 13;
      digest_ = line.substr(open, line.find(" }", open) - open);
    } else if (inside) {
      body += line + "\n";
      declare(line);
    } else {
      done = run(line);
    }
    if (!done) {
      *this = before;
      return done;
    }
  }
  return {};
}

// A line in the table's body.
void ModelNft::declare(const std::string& line) {
  const auto name_after = [&](std::string_view word) {
    return line.substr(word.size(), line.find(" {") - word.size());
  };
  constexpr std::string_view kCounter = "  counter ";
  constexpr std::string_view kChain = "  chain ";
  constexpr std::string_view kGoto = "    goto v_";
  if (line.starts_with(kCounter)) {
    counters_[name_after(kCounter)] = 0;
  } else if (line.starts_with(kChain)) {
    declaring_ = name_after(kChain);
    if (declaring_.starts_with(firewall::kRightsPrefix)) {
      rights_.insert(declaring_);
    }
  } else if (line.starts_with(kGoto)) {
    jumps_[declaring_] = line.substr(kGoto.size() - 2);
  }
}

// One of: add table, delete table, add element, delete element, flush set, and those for chains.
Result<> ModelNft::run(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  std::string object;
  std::string family;
  std::string table;
  std::string set;
  words >> verb >> object >> family >> table >> set;
  if (family != "inet" || table != "causeway") {
    return Error::make(ErrorKind::Bug, "not our table: " + line);
  }
  if (object == "chain" || object == "rule") {
    std::string jump;
    std::string to;
    words >> jump >> to;
    return run_for_chain(verb, object, set, to);
  }
  if (verb == "delete" && (object == "set" || object == "map" || object == "counter")) {
    return remove(object, set);
  }
  if (object == "table") {
    if (verb == "delete") {
      flush();
    }
    return {};
  }
  if (verb == "flush") {
    digest_.clear();
    return {};
  }
  auto rest = line.substr(line.find("{ ") + 2);
  rest.resize(rest.rfind(" }"));
  for (std::size_t at = 0; at <= rest.size();) {
    const auto comma = std::min(rest.find(", ", at), rest.size());
    const auto element = rest.substr(at, comma - at);
    at = comma + 2;
    if (set == "digest") {
      digest_ = element;
    } else if (verb == "add") {
      sets_[set][key_of(element)] = element;
    } else if (sets_[set].erase(element) == 0) {
      return Error::from_errno(ENOENT, "delete element " + element);
    }
  }
  return {};
}

// As the kernel: nothing goes that something else needs, and nothing is needed that is not there.
Result<> ModelNft::run_for_chain(const std::string& verb, const std::string& object,
                                 const std::string& chain, const std::string& to) {
  if (object == "rule") {
    if (!rights_.contains(to)) {
      return Error::from_errno(ENOENT, "add rule goto " + to);
    }
    jumps_[chain] = to;
    return {};
  }
  const auto goes_there = [&](const auto& jump) { return jump.second == chain; };
  const auto is_for_it = [&](const auto& element) {
    return element.second.ends_with(" : goto " + chain);
  };
  if (verb == "delete" &&
      (std::ranges::any_of(jumps_, goes_there) || std::ranges::any_of(sets_["peer4"], is_for_it) ||
       std::ranges::any_of(sets_["peer6"], is_for_it))) {
    return Error::from_errno(EBUSY, "delete chain " + chain);
  }
  if (verb != "add") {
    jumps_.erase(chain);
  }
  if (verb == "delete") {
    rights_.erase(chain);
  }
  return {};
}

Result<> ModelNft::remove(const std::string& object, const std::string& name) {
  const bool is_used =
      object == "counter"
          ? std::ranges::any_of(sets_,
                                [&](const auto& set) {
                                  return std::ranges::any_of(set.second, [&](const auto& element) {
                                    return element.second.ends_with(" : \"" + name + "\"");
                                  });
                                })
          : rights_.contains(firewall::rights_of_set(name));
  if (is_used) {
    return Error::from_errno(EBUSY, "delete " + object + " " + name);
  }
  sets_.erase(name);
  counters_.erase(object == "counter" ? name : std::string());
  return {};
}

std::string ModelNft::listing() const {
  auto text = structure_;
  for (const auto& [name, counter] : counters_) {
    text += fmt::format("counter {}\n", name);
  }
  for (const auto& name : rights_) {
    text += fmt::format("chain {}\n", name);
  }
  for (const auto& [chain, to] : jumps_) {
    text += fmt::format("chain {} goto {}\n", chain, to);
  }
  return text;
}

Result<> ModelNft::seal() {
  if (before_seal) {
    CW_TRY(before_seal());
  }
  sealed_ = listing();
  return {};
}

Result<> ModelNft::start(const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    CW_TRY(commit(text));
  }
  return {};
}

Result<> ModelNft::exchange(const std::vector<std::string>& texts) {
  if (listing() != sealed_) {
    return Error::make(ErrorKind::Interrupted, "somebody else has changed the firewall");
  }
  return start(texts);
}

Result<> ModelNft::finish(const std::string& text) {
  if (!text.empty()) {
    CW_TRY(commit(text));
  }
  return seal();
}

void ModelNft::flush() {
  present_ = false;
  structure_.clear();
  sealed_.clear();
  digest_.clear();
  sets_.clear();
  counters_.clear();
  rights_.clear();
  jumps_.clear();
}

Result<std::vector<firewall::Counter>> ModelNft::counters() {
  ++counter_reads;
  std::vector<firewall::Counter> all;
  for (const auto& [name, packets] : counters_) {
    all.push_back({.name = name, .packets = packets, .bytes = 60 * packets});
  }
  return all;
}

void ModelNft::count(const std::string& counter, std::uint64_t packets) {
  counters_.at(counter) += packets;
}

void ModelNft::edit_structure() {
  structure_ += "  chain intruder { }\n";
}

void ModelNft::remove_element(const std::string& set, const std::string& element) {
  sets_[set].erase(key_of(element));
}

}  // namespace cw::test
