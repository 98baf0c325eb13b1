# SPDX-License-Identifier: Apache-2.0
# One CMake target per row of the dependency table in ARCHITECTURE.md. Nothing else sets flags.

set(CW_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-align -Wformat=2
    -Wimplicit-fallthrough -Wundef
    # Designated initialisers name what differs from the defaults; that is the point of them.
    -Wno-missing-field-initializers
    # GCC 12 sees overlaps in std::string's assignments that are none (gcc bug 105651).
    -Wno-restrict)
set(CW_CXX_WARNINGS -Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi)
set(CW_HARDENING -fstack-protector-strong -fstack-clash-protection -fPIE)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  list(APPEND CW_HARDENING -fcf-protection)
endif()

function(cw_flags target)
  target_compile_options(${target} PRIVATE ${CW_WARNINGS} ${CW_HARDENING}
                         $<$<COMPILE_LANGUAGE:CXX>:${CW_CXX_WARNINGS}>)
  target_compile_definitions(${target} PRIVATE $<$<CONFIG:Release>:_GLIBCXX_ASSERTIONS>
                             $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=3>)
endfunction()

# cw_library(name SOURCES a.cpp ... DEPENDS cw::base ... PRIVATE_DEPENDS fmt::fmt ...)
function(cw_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(cw_${name} STATIC ${ARG_SOURCES})
  add_library(cw::${name} ALIAS cw_${name})
  target_include_directories(cw_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(cw_${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  cw_flags(cw_${name})
endfunction()

function(cw_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS})
  target_link_options(${name} PRIVATE $<IF:$<BOOL:${CW_STATIC}>,-static-pie,-pie> -Wl,-z,relro,-z,now,-z,noexecstack)
  cw_flags(${name})
endfunction()

# Of a target that is not shipped: checking its own arithmetic, too, would double the time that asan takes to build.
function(cw_of_tests target)
  target_compile_options(${target} PRIVATE -fno-sanitize=undefined)
endfunction()

# Says to these tests where the sources are; to all of them, ccache would find nothing in another clone.
function(cw_golden)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS CW_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
endfunction()

# cw_unit_test(name SOURCES a_test.cpp ... DEPENDS cw::net ...): one gtest binary, label unit.
function(cw_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} GTest::gmock_main)
  cw_flags(${name})
  cw_of_tests(${name})
  gtest_discover_tests(${name} PROPERTIES LABELS unit DISCOVERY_TIMEOUT 60)
endfunction()
