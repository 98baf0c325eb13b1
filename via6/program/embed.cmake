# SPDX-License-Identifier: Apache-2.0
# cmake -D IN=file -D OUT=file.cpp -P embed.cmake: the bytes of a file as a C++ array.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "// SPDX-License-Identifier: MIT OR GPL-2.0-only
#include \"via6/program/elf.h\"

namespace cw::via6 {

namespace {
alignas(8) constexpr std::uint8_t kElf[] = {
${bytes}};
}  // namespace

std::span<const std::uint8_t> program_elf() {
  return kElf;
}

}  // namespace cw::via6
")
