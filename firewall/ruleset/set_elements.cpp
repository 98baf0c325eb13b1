// SPDX-License-Identifier: Apache-2.0
#include "firewall/ruleset/set_elements.h"

#include <algorithm>

namespace cw::firewall {

namespace {

// Seven bits a byte, the last ones first; all but the last byte have the eighth, too. Nearly every
// length is one byte.
constexpr unsigned kBits = 7;
constexpr std::size_t kMore = 1U << kBits;

void append_number(std::string& packed, std::size_t number) {
  for (; number >= kMore; number >>= kBits) {
    packed.push_back(static_cast<char>(number % kMore | kMore));
  }
  packed.push_back(static_cast<char>(number));
}

std::size_t take_number(std::string_view& packed) {
  std::size_t number = 0;
  std::size_t byte = kMore;
  for (unsigned shift = 0; byte >= kMore; shift += kBits) {
    byte = static_cast<unsigned char>(packed.front());
    packed.remove_prefix(1);
    number |= byte % kMore << shift;
  }
  return number;
}

template <class Texts>
std::string pack(const Texts& texts) {
  std::string packed;
  std::string_view before;
  for (const std::string_view text : texts) {
    const auto alike =
        static_cast<std::size_t>(std::ranges::mismatch(before, text).in2 - text.begin());
    append_number(packed, alike);
    append_number(packed, text.size() - alike);
    packed += text.substr(alike);
    before = text;
  }
  packed.shrink_to_fit();
  return packed;
}

}  // namespace

SetElements::SetElements(std::initializer_list<std::string> texts)
    : packed_(pack(texts)), count_(texts.size()) {}

SetElements::SetElements(const std::vector<std::string>& texts)
    : packed_(pack(texts)), count_(texts.size()) {}

void SetElements::Iterator::read() {
  if (--left_ == 0) {
    return;
  }
  text_.resize(take_number(packed_));
  const auto rest = take_number(packed_);
  text_ += packed_.substr(0, rest);
  packed_.remove_prefix(rest);
}

}  // namespace cw::firewall
