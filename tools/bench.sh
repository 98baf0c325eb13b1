#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh NAME [ARGS...]: runs tests/bench/NAME with the release build on PATH. A line "# vm: OPTIONS" near its top runs it
# in the VM with these options. Each figure is a line "NAME VALUE UNIT (limit LIMIT) ok" or "... falls short".
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh

name=${1:-}
[ -n "$name" ] && [ -f "tests/bench/$name" ] ||
  die "no benchmark '$name'" "there are: $(ls tests/bench 2>/dev/null | grep -v '[._]' | tr '\n' ' ')"
shift
CW_PRESET=release ./dev build
export CW_PRESET=release
vm=$(sed -n '1,10s/^# vm: *//p' "tests/bench/$name")
if grep -q -m1 '^# vm:' "tests/bench/$name"; then
  # shellcheck disable=SC2086 # the options are words
  exec tests/vm/run.sh $vm "tests/bench/$name" "$@"
fi
PATH=$PWD/build/release:/usr/sbin:/usr/bin:/sbin:/bin exec "tests/bench/$name" "$@"
