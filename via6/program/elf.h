// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

// The translator's programs (programs.c), compiled for the kernel, as bytes in this library: an ELF
// file for libbpf. Constant data.
namespace cw::via6 {

inline constexpr auto kFromTunnelProgram = "cw_from_tunnel";
inline constexpr auto kToTunnelProgram = "cw_to_tunnel";
inline constexpr auto kParametersMap = ".rodata.via6";
inline constexpr auto kCountersMap = "via6_counters";

[[nodiscard]] std::span<const std::uint8_t> program_elf();

}  // namespace cw::via6
