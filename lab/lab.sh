#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# lab.sh [--shell] [--native] [--kernel 6.1|6.12]: tells the story (story.py) in a VM, or in namespaces of this machine.
# lab.sh failover [--kernel 6.1|6.12]: the story of a failover (failover_story.py), in a VM.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh

shell='' native='' vm=() story=(lab/story.py)
if [ "${1:-}" = failover ]; then story=(lab/failover_story.py) && shift; fi
while [ $# -gt 0 ]; do
  case $1 in
    --shell) shell=--shell ;;
    --native) native=1 ;;
    --kernel) vm+=(--kernel "${2:?which kernel?}") && shift ;;
    *) die "no option $1" "./dev lab [failover] [--shell] [--native] [--kernel 6.1|6.12]" ;;
  esac
  shift
done
[ -z "$shell" ] || [ -t 0 ] || die "--shell needs a terminal"
# It tells the kernel that its clock is right, and has routers die: nothing for this machine.
[ "${story[0]}" = lab/story.py ] || [ -z "$shell$native" ] || die "the failover's lab has no --shell and no --native"
[ -z "$shell" ] || story+=(--shell)
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || story+=(--colour)

if [ -n "$native" ]; then
  # Creating a device in a throw-away namespace asks the kernel itself, and loads the module where there is one.
  as_root unshare --net ip link add probe type wireguard 2>/dev/null ||
    die "this kernel has no WireGuard" "leave out --native: the lab then brings a kernel of its own"
  as_root env PATH="$PWD/build/${CW_PRESET:-dev}:/usr/sbin:/usr/bin:/sbin:/bin" /usr/bin/python3 -B "${story[@]}"
else
  note "Starting the VM"
  exec tests/vm/run.sh ${vm[@]+"${vm[@]}"} ${shell:+--tty} "${story[@]}"
fi
