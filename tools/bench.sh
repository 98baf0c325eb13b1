#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh NAME [ARGS...]: runs tests/bench/NAME with the release build on PATH. Lines near its top say where it runs
# ("# where: native", or "# where: vm OPTIONS" of ./dev vm), what it needs ("# builds: TARGETS") and which others belong to it
# and run after it ("# then: NAMES"). It prints each figure as "NAME VALUE UNIT (limit LIMIT) ok" or "... falls short", and
# fails if any falls short.
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
status=0
case $where in
  native) PATH=$PWD/build/release:/usr/sbin:/usr/bin:/sbin:/bin "tests/bench/$name" "$@" || status=$? ;;
  # shellcheck disable=SC2086 # the options are words
  vm*) tests/vm/run.sh ${where#vm} "tests/bench/$name" "$@" || status=$? ;;
  *) die "tests/bench/$name does not say where it runs" 'its first lines need "# where: native" or "# where: vm OPTIONS"' ;;
esac
for next in $(says then); do
  tools/bench.sh "$next" || status=$?
done
exit "$status"
