// SPDX-License-Identifier: Apache-2.0
#include <sstream>

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
    state.edited = structure_ != sealed_structure_;
    state.sets.emplace();
    for (const auto& name : sets) {
      firewall::SetContent content{.name = name};
      for (const auto& [key, element] : sets_[name]) {
        content.elements.push_back(element);
      }
      std::sort(content.elements.begin(), content.elements.end());
      state.sets->push_back(std::move(content));
    }
  }
  return state;
}

Result<> ModelNft::commit(const std::string& text) {
  if (refuse) {
    return Error::invalid("nft refused line 1");
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
      structure_ = body;
    } else if (inside && line.starts_with("  set digest")) {
      const auto open = line.find("elements = { ") + 13;
      digest_ = line.substr(open, line.find(" }", open) - open);
    } else if (inside) {
      body += line + "\n";
      if (constexpr std::string_view kCounter = "  counter "; line.starts_with(kCounter)) {
        counters_[line.substr(kCounter.size(), line.find(" {") - kCounter.size())] = 0;
      }
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

// One of: add table, delete table, add element, delete element, flush set.
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

Result<> ModelNft::seal() {
  sealed_structure_ = structure_;
  return {};
}

void ModelNft::flush() {
  present_ = false;
  structure_.clear();
  sealed_structure_.clear();
  digest_.clear();
  sets_.clear();
  counters_.clear();
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
