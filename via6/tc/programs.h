// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "via6/parameters.h"

struct bpf_object;

// The translator's two programs, in the kernel but on no device yet. They live as long as this or
// what they are attached to. Refuses nothing: the kernel's verifier does. Blocking, a tenth of a
// second; one thread. Needs CAP_BPF and CAP_NET_ADMIN.
namespace cw::via6 {

// What one program costs the kernel's verifier.
struct Verification {
  std::size_t instructions = 0;  // in the program
  std::size_t processed = 0;     // by the verifier, whose limit is a million
  std::size_t states = 0;        // remembered by it
  std::string text;              // its own words
};

class Programs {
 public:
  struct Options {
    Framing framing = Framing::None;
    // A file of a bpf file system: the counters that it keeps go on, and so they outlive a change
    // of parameters. Where it has none, or none that can be used, they begin anew.
    std::string counters;
    bool verification = false;  // ask the verifier for its statistics
  };

  // ErrorKind::Unsupported and Permission: the kernel does not take them.
  static Result<Programs> load(const Parameters& parameters, const Options& options);

  // In Options::counters, for the next to be loaded. The error says why they end with the programs,
  // also where those that are there could not be used.
  [[nodiscard]] Result<> keep_counters() const;

  // Descriptors, owned by this.
  [[nodiscard]] int from_tunnel() const { return from_tunnel_; }

  [[nodiscard]] int to_tunnel() const { return to_tunnel_; }

  [[nodiscard]] int counters() const { return counters_; }

  // Only where Options::verification asked for it.
  [[nodiscard]] const Verification& from_tunnel_verification() const { return verified_[0]; }

  [[nodiscard]] const Verification& to_tunnel_verification() const { return verified_[1]; }

 private:
  struct Close {
    void operator()(bpf_object* object) const;
  };

  Programs() = default;

  std::unique_ptr<bpf_object, Close> object_;
  int from_tunnel_ = -1;
  int to_tunnel_ = -1;
  int counters_ = -1;
  std::string file_;              // for the counters; empty: none
  Result<bool> adopted_ = false;  // they are the file's already
  Verification verified_[2];
};

}  // namespace cw::via6
