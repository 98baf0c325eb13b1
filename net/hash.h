// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

// For tables of thousands: a hash of whatever has bytes(), an address or a key. No secret goes into
// it, and no table of it is filled by strangers.
namespace cw::net {

struct HashOfBytes {
  template <class T>
  std::size_t operator()(const T& value) const {
    const auto bytes = value.bytes();
    return std::hash<std::string_view>{}(
        std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
};

}  // namespace cw::net
