// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

// Text that must not stay behind in memory: a passphrase, a configuration with a private key in it.
// It cannot be printed, compared or copied; it is wiped when it goes. A value that moves.
namespace cw::net {

class Secret {
 public:
  Secret() = default;

  explicit Secret(std::size_t size) : text_(size) {}

  explicit Secret(std::string_view text) : text_(text.begin(), text.end()) {}

  Secret(Secret&& other) noexcept = default;  // a vector's memory moves along, and leaves no copy
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] std::size_t size() const { return text_.size(); }

  [[nodiscard]] std::string_view expose() const { return {text_.data(), text_.size()}; }

  // For who fills it in.
  [[nodiscard]] std::span<char> memory() { return text_; }

 private:
  std::vector<char> text_;
};

}  // namespace cw::net
