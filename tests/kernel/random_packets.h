// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>

#include "tests/support/ip_packets.h"
#include "via6/parameters.h"

// Packets at random for a translator: mostly such that it has something to do, often a little
// wrong, sometimes very. The same seed makes the same packets everywhere. Pure.
namespace cw::test {

class RandomPackets {
 public:
  RandomPackets(const via6::Parameters& parameters, std::uint64_t seed)
      : parameters_(parameters), random_(seed) {}

  // At most kLongest bytes, at least a header without what may follow it.
  Bytes from_tunnel();
  Bytes to_tunnel();

  // BPF_PROG_TEST_RUN takes a page less what the kernel keeps in it.
  static constexpr std::size_t kLongest = 3400;

  // Below `end`.
  std::uint32_t below(std::uint32_t end) {
    return static_cast<std::uint32_t>(random_() % end);  // distributions differ between libraries
  }

  // Once in `times`.
  bool once_in(std::uint32_t times) { return below(times) == 0; }

 private:
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[below(static_cast<std::uint32_t>(values.size()))];
  }

  std::uint8_t number(std::initializer_list<int> values) {
    return static_cast<std::uint8_t>(one_of(values));
  }

  Bytes data();
  Bytes data(std::size_t size);
  net::Ip peer();  // overlay address
  net::Ip host();  // of the site
  net::Ip odd_ip();
  net::Ip via(const net::Ip& ipv4);
  net::Ip twin(const net::Ip& overlay);

  std::vector<Extension> extensions();
  Bytes transport(std::uint8_t protocol, const net::Ip& source, const net::Ip& destination);
  Bytes packet6(const net::Ip& source, const net::Ip& destination, int depth);
  Bytes packet4(const net::Ip& source, const net::Ip& destination, int depth);
  Bytes error6(const net::Ip& source, const net::Ip& destination, int depth);
  Bytes error4(const net::Ip& source, const net::Ip& destination, int depth);
  Bytes options();
  void damage(Bytes& bytes, std::size_t shortest);
  Bytes shortened(Bytes bytes);

  const via6::Parameters& parameters_;
  std::mt19937_64 random_;
};

}  // namespace cw::test
