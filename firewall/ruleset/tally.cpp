// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/tally.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace cw::firewall {

namespace {

using net::Ip;
using net::Prefix;

// Protocol and port as one number, so that what a grant allows is one stretch, whatever it says.
constexpr unsigned kPortBits = 16;
constexpr std::uint32_t kLastPort = (1U << kPortBits) - 1;
constexpr std::uint32_t kLastService = (1U << (kPortBits + 8)) - 1;

constexpr std::uint32_t kIcmpIpv6 = 58;  // RFC 4443

struct Stretch {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t rule = 0;

  friend bool operator==(const Stretch&, const Stretch&) = default;
};

// What counts for which rule at one place: sorted, and no two overlap.
using Division = std::vector<Stretch>;

struct Claim {
  Prefix place;
  Stretch services;
};

Stretch services_of(const Grant& grant, net::Family family) {
  if (grant.protocol == Protocol::Any) {
    return {.first = 0, .last = kLastService, .rule = grant.rule};
  }
  const auto icmp =
      family == net::Family::V4 ? static_cast<std::uint32_t>(Protocol::Icmp) : kIcmpIpv6;
  const bool has_ports = grant.protocol != Protocol::Icmp;
  const auto protocol = has_ports ? static_cast<std::uint32_t>(grant.protocol) : icmp;
  const auto base = protocol << kPortBits;
  return {.first = base + (has_ports ? grant.first : 0),
          .last = base + (has_ports ? grant.last : kLastPort),
          .rule = grant.rule};
}

// By place, the wider one before all that lies in it.
std::vector<Claim> claims_of(const std::vector<Grant>& grants, net::Family family) {
  std::vector<Claim> claims;
  for (const auto& grant : grants) {
    if (grant.to.family() == family) {
      claims.push_back({.place = grant.to, .services = services_of(grant, family)});
    }
  }
  std::ranges::stable_sort(claims, {}, &Claim::place);
  return claims;
}

// Earlier rules have all of it already.
bool is_taken(const Division& division, const Stretch& claim) {
  auto at = std::ranges::lower_bound(division, claim.first, {}, &Stretch::last);
  for (auto from = claim.first; at != division.end() && at->first <= from; ++at) {
    if (at->rule > claim.rule) {
      return false;
    }
    if (at->last >= claim.last) {
      return true;
    }
    from = at->last + 1;
  }
  return false;
}

// Where nobody has been yet, by the first of a stretch; stretches that touch are one.
class Covered {
 public:
  // Takes what is left of it.
  void take(const Stretch& claim, Division& into) {
    auto from = claim.first;
    auto last = claim.last;
    auto first = claim.first;
    auto at = taken_.upper_bound(claim.first);
    if (at != taken_.begin() && std::prev(at)->second + 1 >= claim.first) {
      at = std::prev(at);
    }
    while (at != taken_.end() && at->first <= claim.last + 1) {
      if (at->first > from) {
        into.push_back({.first = from, .last = at->first - 1, .rule = claim.rule});
      }
      from = std::max(from, at->second + 1);
      first = std::min(first, at->first);
      last = std::max(last, at->second);
      at = taken_.erase(at);
    }
    if (from <= claim.last) {
      into.push_back({.first = from, .last = claim.last, .rule = claim.rule});
    }
    taken_.emplace(first, last);
  }

 private:
  std::map<std::uint32_t, std::uint32_t> taken_;
};

// Each service to the first of the rules that claim it.
Division divide(Division claims) {
  std::ranges::sort(claims, {}, &Stretch::rule);
  Division pieces;
  Covered covered;
  for (const auto& claim : claims) {
    covered.take(claim, pieces);
  }
  std::ranges::sort(pieces, {}, &Stretch::first);
  Division joined;
  for (const auto& piece : pieces) {
    if (!joined.empty() && joined.back().rule == piece.rule &&
        joined.back().last + 1 == piece.first) {
      joined.back().last = piece.last;
    } else {
      joined.push_back(piece);
    }
  }
  return joined;
}

// A stretch is up to three boxes: the rest of its first protocol, whole protocols, the beginning of
// its last one.
template <class Take>
void split(const Stretch& stretch, Take take) {
  for (auto first = stretch.first; first <= stretch.last;) {
    const auto protocol = first >> kPortBits;
    const auto after_last = (stretch.last + 1) >> kPortBits;  // behind the last whole one
    const bool whole = (first & kLastPort) == 0 && after_last > protocol;
    const auto last =
        whole ? (after_last << kPortBits) - 1 : std::min(stretch.last, first | kLastPort);
    take(RuleBox{.to = {},
                 .first_protocol = static_cast<std::uint8_t>(protocol),
                 .last_protocol = static_cast<std::uint8_t>(last >> kPortBits),
                 .first_port = static_cast<std::uint16_t>(first),
                 .last_port = static_cast<std::uint16_t>(last),
                 .rule = stretch.rule});
    first = last + 1;
  }
}

// Collects ranges of addresses in their order, with their divisions. What continues from one range
// to the next is one box.
class Boxes {
 public:
  explicit Boxes(std::size_t most) : most_(most) {}

  // False: there would be too many.
  bool add(const net::Range& to, const Division& division) {
    const bool touches = end_ && net::after(*end_) == to.first;
    std::vector<std::size_t> current;
    auto before = touches ? last_.begin() : last_.end();
    for (const auto& stretch : division) {
      while (before != last_.end() && columns_[*before].services.first < stretch.first) {
        ++before;
      }
      if (before != last_.end() && columns_[*before].services == stretch) {
        columns_[*before].to.last = to.last;
        current.push_back(*before);
        continue;
      }
      current.push_back(columns_.size());
      columns_.push_back({.to = to, .services = stretch});
      split(stretch, [this](const RuleBox&) { ++count_; });
    }
    last_ = std::move(current);
    end_ = to.last;
    return count_ <= most_;
  }

  [[nodiscard]] std::vector<RuleBox> take() const {
    std::vector<RuleBox> boxes;
    boxes.reserve(count_);
    for (const auto& column : columns_) {
      split(column.services, [&](RuleBox box) {
        box.to = column.to;
        boxes.push_back(box);
      });
    }
    return boxes;
  }

 private:
  struct Column {
    net::Range to;
    Stretch services;
  };

  std::size_t most_;
  std::size_t count_ = 0;
  std::vector<Column> columns_;
  std::vector<std::size_t> last_;  // columns that reach end_, by their services
  std::optional<Ip> end_;
};

// Goes through all addresses once, from the first to the last. Places overlap only by nesting, so
// those around the current address are a stack.
class Walk {
 public:
  explicit Walk(std::size_t most) : boxes_(most) {}

  bool enter(const Prefix& place, const std::vector<Stretch>& wanted) {
    leave_until(place);
    static const Division kNothing;
    const auto& around = open_.empty() ? kNothing : open_.back().division;
    auto claims = wanted;
    std::erase_if(claims, [&](const Stretch& claim) { return is_taken(around, claim); });
    if (claims.empty()) {
      return fits_;
    }
    const auto gap_end = net::before(place.address());
    if (!open_.empty() && at_ && gap_end && *at_ <= *gap_end) {
      add({.first = *at_, .last = *gap_end});
    }
    claims.insert(claims.end(), around.begin(), around.end());
    open_.push_back({.last = place.last(), .place = place, .division = divide(std::move(claims))});
    at_ = place.address();
    return fits_;
  }

  std::optional<std::vector<RuleBox>> finish() {
    while (!open_.empty()) {
      leave();
    }
    return fits_ ? std::optional(boxes_.take()) : std::nullopt;
  }

 private:
  struct Open {
    Ip last;
    Prefix place;
    Division division;
  };

  void leave_until(const Prefix& place) {
    while (!open_.empty() && !open_.back().place.contains(place)) {
      leave();
    }
  }

  void leave() {
    const auto last = open_.back().last;
    if (at_ && *at_ <= last) {
      add({.first = *at_, .last = last});
      at_ = net::after(last);
    }
    open_.pop_back();
  }

  void add(const net::Range& range) { fits_ = fits_ && boxes_.add(range, open_.back().division); }

  Boxes boxes_;
  std::vector<Open> open_;
  std::optional<Ip> at_;  // the next address to be said something of; none behind the last there is
  bool fits_ = true;
};

// Of the rules before this one; nothing where there would be too many.
std::optional<std::vector<RuleBox>> boxes_before(const std::vector<Claim>& claims,
                                                 std::uint32_t rule, std::size_t most) {
  Walk walk(most);
  std::vector<Stretch> wanted;
  for (auto at = claims.begin(); at != claims.end();) {
    const auto& place = at->place;
    wanted.clear();
    for (; at != claims.end() && at->place == place; ++at) {
      if (at->services.rule < rule) {
        wanted.push_back(at->services);
      }
    }
    if (!walk.enter(place, wanted)) {
      return std::nullopt;
    }
  }
  return walk.finish();
}

}  // namespace

std::string counter_name(const std::string& rule, Counts counts) {
  return (counts == Counts::All ? "c_" : "p_") + short_hash(rule);
}

RuleBoxes rule_boxes(const std::vector<Grant>& grants, net::Family family, std::size_t most) {
  const auto claims = claims_of(grants, family);
  std::vector<std::uint32_t> rules;
  for (const auto& claim : claims) {
    rules.push_back(claim.services.rule);
  }
  std::ranges::sort(rules);
  rules.erase(std::ranges::unique(rules).begin(), rules.end());
  if (rules.empty()) {
    return {};
  }
  if (auto all = boxes_before(claims, rules.back() + 1, most)) {
    return {.boxes = std::move(*all), .left_out_from = std::nullopt};
  }
  // As many of the first rules as fit: those are counted right whatever comes behind them.
  RuleBoxes best{.boxes = {}, .left_out_from = rules.front()};
  std::size_t fitting = 0;
  std::size_t too_many = rules.size();
  while (too_many - fitting > 1) {
    const auto middle = fitting + (too_many - fitting) / 2;
    if (auto boxes = boxes_before(claims, rules[middle], most)) {
      best = {.boxes = std::move(*boxes), .left_out_from = rules[middle]};
      fitting = middle;
    } else {
      too_many = middle;
    }
  }
  return best;
}

}  // namespace cw::firewall
