// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "firewall/ruleset/filter.h"
#include "firewall/ruleset/ruleset.h"

// What is in the sets of the table and in the chains that follow from the policy. Pure.
namespace cw::firewall {

// Linear in the peers, times a logarithm: their elements are sorted.
[[nodiscard]] Contents contents_of(const Filter& filter);

// The same, and what it digests to. Where few peers differ from `before`, which `made` was made of,
// the others' elements are taken over: no text is made, sorted or hashed for them.
struct Digested {
  Contents contents;
  std::uint64_t digest = 0;  // Digest::contents
};

[[nodiscard]] Digested contents_after(const Filter& before, const Ruleset& made,
                                      const Filter& filter);

}  // namespace cw::firewall
