#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh NAME [ARGS...]: runs tests/bench/NAME with the release build on PATH. Lines near its top say where it runs
# ("# where: native", "# where: vm OPTIONS" of ./dev vm, or "# where: here" for one that boots VMs itself), what it needs
# ("# builds: TARGETS"), on which kernels in turn where that is more than one ("# kernels: 6.1 6.12"; --kernel 6.1 as its first
# argument chooses one) and which others belong to it and run after it ("# then: NAMES"). It prints each figure as
# "NAME VALUE UNIT (limit LIMIT) ok" or "... falls short", and fails if any falls short.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh

name=${1:-}
[ -n "$name" ] && [ -f "tests/bench/$name" ] ||
  die "no benchmark '$name'" "there are: $(ls tests/bench 2>/dev/null | grep -v '[.]\|CMake' | tr '\n' ' ')"
shift
says() { sed -n "1,10s/^# $1: *//p" "tests/bench/$name"; }
# shellcheck disable=SC2046 # the targets are words
CW_PRESET=release ./dev build $(says builds)
export CW_PRESET=release
where=$(says where)
read -ra kernels <<<"$(says kernels)"
chosen=()
if [ "${1:-}" = --kernel ]; then
  chosen=(--kernel "${2:?which kernel?}") kernels=("$2")
  shift 2
fi
status=0
case $where in
  native) PATH=$PWD/build/release:/usr/sbin:/usr/bin:/sbin:/bin "tests/bench/$name" "$@" || status=$? ;;
  vm*)
    for kernel in "${kernels[@]:-}"; do
      # shellcheck disable=SC2086 # the options are words
      tests/vm/run.sh ${kernel:+--kernel "$kernel"} ${where#vm} "tests/bench/$name" "$@" || status=$?
    done
    ;;
  here)
    for kernel in "${kernels[@]}"; do "tests/bench/$name" --kernel "$kernel" "$@" || status=$?; done
    ;;
  *) die "tests/bench/$name does not say where it runs" 'its first lines need "# where: native", "here" or "vm OPTIONS"' ;;
esac
for next in $(says then); do
  tools/bench.sh "$next" ${chosen[@]+"${chosen[@]}"} || status=$?
done
exit "$status"
