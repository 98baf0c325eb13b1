// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

// Text from elsewhere (files, the kernel, the network) made safe to show on a terminal and in a
// journal: control characters (C0, DEL, C1), what reorders text (the marks of UAX #9) and bytes
// that are no UTF-8 become '?'. Pure; linear.
namespace cw {

// One line: a tab becomes a blank, a line end a '?'.
[[nodiscard]] std::string printable(std::string_view text);

// The same line by line; the line ends stay.
[[nodiscard]] std::string printable_lines(std::string_view text);

}  // namespace cw
