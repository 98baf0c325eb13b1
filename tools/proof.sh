#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# proof.sh [NAME...]: runs what proves the product, all of it or by name, and keeps what it printed in docs/proof/NAME.txt,
# below the commit, the kernels and the machine it was run on. What it keeps is to be committed. The long tests are in parts,
# each about an hour long: test-long-units, -6.1, -6.12, -swaps, -machines, -times-6.1, -times-6.12 and -packages are together
# what ./dev test --long runs; -fuzz is that of -units alone, -bulk the longest of -6.1 and -6.12, -trixie-policy what of -trixie
# depends on nft.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh

declare -A proofs=(
  [test-long-units]='./dev test --long --stage units --stage fuzz'
  [test-long-fuzz]='./dev test --long --stage fuzz'
  [test-long-6.1]='./dev test --long --kernel 6.1 --stage system'
  [test-long-6.12]='./dev test --long --kernel 6.12 --stage system'
  [test-long-bulk]='./dev test --long --stage system --only bulk'
  [test-long-swaps]='./dev test --long --stage swaps'
  [test-long-machines]='./dev test --long --stage machines'
  [test-long-times-6.1]='./dev test --long --kernel 6.1 --stage times'
  [test-long-times-6.12]='./dev test --long --kernel 6.12 --stage times'
  [test-long-packages]='./dev test --long --stage packages'
  [test-long-trixie-policy]='./dev test --long --userland trixie --stage system --only policy'
  [test-long-trixie]='./dev test --long --userland trixie'
  [bench-parse]='./dev bench parse'
  [bench-reconcile]='./dev bench reconcile'
  [bench-policy]='./dev bench policy'
  [bench-netmap]='./dev bench netmap'
  [bench-via6]='./dev bench via6'
  [bench-failover]='./dev bench failover'
  [bench-failover-peers]='./dev bench failover-peers'
)
for name; do [ -n "${proofs[$name]:-}" ] || die "no proof $name" "there are: ${!proofs[*]}"; done
[ $# -gt 0 ] || set -- test-long-units test-long-6.1 test-long-6.12 test-long-swaps test-long-machines test-long-times-6.1 test-long-times-6.12 test-long-packages test-long-trixie bench-parse bench-reconcile bench-policy bench-netmap bench-via6 bench-failover bench-failover-peers

head_of() { # head_of COMMAND
  local changed='' kernels='' series kernel
  # What the proofs themselves wrote is no change of what they prove.
  [ -z "$(git status --porcelain -- . ':!docs/proof')" ] || changed=', with changes that are not committed'
  for series in 6.1 6.12 '6.12 trixie'; do
    # shellcheck disable=SC2086 # series and release are words
    kernel=$(tests/vm/kernel.sh $series) && kernels+=" $(ls "$kernel/lib/modules")"
  done
  echo "$1"
  echo
  echo "commit    $(git rev-parse HEAD)$changed"
  echo "started   $(date -u +'%F %H:%M UTC')"
  echo "kernels  $kernels (in the VM), $(uname -r | cut -d- -f1) (the machine's own)"
  echo "machine   $(. /etc/os-release && echo "$PRETTY_NAME"), $(nproc) processors, VM with $(
    tests/vm/accel.sh "$(tests/vm/kernel.sh 6.1)" | sed 's/^-accel \([a-z]*\).*/\1/; s/tcg/software emulation/'
  )"
  echo
}

status=0
mkdir -p docs/proof
for name; do
  command=${proofs[$name]}
  {
    head_of "$command"
    # shellcheck disable=SC2086 # the command is words
    $command || echo "status $?"
  } | tee "docs/proof/$name.txt.new"
  mv "docs/proof/$name.txt.new" "docs/proof/$name.txt"
  if tail -n 1 "docs/proof/$name.txt" | grep -q '^status '; then status=1; fi
done
exit $status
