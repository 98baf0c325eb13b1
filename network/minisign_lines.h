// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

// The lines of minisign's files: only minisign*.cpp include this. Pure.
namespace cw::network::minisign {

inline constexpr std::string_view kUntrusted = "untrusted comment: ";
inline constexpr std::string_view kTrusted = "trusted comment: ";

// The next line of `text`, which is cut to what follows; nothing where no line ends.
[[nodiscard]] std::optional<std::string_view> take_line(std::string_view& text);

// All of `bytes`, and no character more.
[[nodiscard]] bool from_base64(std::string_view text, std::span<std::uint8_t> bytes);
[[nodiscard]] std::string to_base64(std::span<const std::uint8_t> bytes);

}  // namespace cw::network::minisign
