// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "via6/counters.h"
#include "via6/parameters.h"

// Translators as the rest of the product sees them. Same contract as netlink/codec/sinks.h.
namespace cw::via6 {

// What is on a device in our place (our tc priority), in the kernel's own words.
struct Attached {
  std::string device;
  std::string from_tunnel = {};  // digest() of a program of ours, something else of a foreign one
  std::string to_tunnel = {};    // both empty: none
  bool counted = false;  // there are counters of the device, or it is known why there are none

  // Both programs are of this digest().
  [[nodiscard]] bool runs(const std::string& digest) const {
    return from_tunnel == digest && to_tunnel == digest;
  }

  friend auto operator<=>(const Attached&, const Attached&) = default;
};

class TranslatorSink {
 public:
  virtual ~TranslatorSink() = default;

  // Nothing in our place: both texts are empty. ErrorKind::NotFound: no such device.
  [[nodiscard]] virtual Result<Attached> attached(const std::string& device) = 0;

  // Puts both programs on the device. What is there is replaced, each direction at once: no packet
  // passes untranslated or is lost in between. The counters go on; where none can be kept, it
  // translates without, and counters() says why. ErrorKind::Unsupported: this kernel does not take
  // it, now or later; ErrorKind::Permission: this process may not. What was there then stays.
  virtual Result<> attach(const std::string& device, const Parameters& parameters) = 0;

  // Takes away what is in our place, whoever put it there, and its counters, also of a device that
  // has gone.
  virtual Result<> detach(const std::string& device) = 0;

  // Devices that have counters, whether or not they are there: those that can be seen.
  [[nodiscard]] virtual std::vector<std::string> counted() = 0;

  // Of a device that has a translator; ErrorKind::NotFound otherwise.
  [[nodiscard]] virtual Result<Counters> counters(const std::string& device) = 0;
};

}  // namespace cw::via6
