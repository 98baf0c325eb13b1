// SPDX-License-Identifier: Apache-2.0
#include "net/secret.h"

#include <utility>

#include <sodium.h>

namespace cw::net {

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(text_, other.text_);  // the other one wipes what was here
  return *this;
}

Secret::~Secret() {
  sodium_memzero(text_.data(), text_.size());
}

}  // namespace cw::net
