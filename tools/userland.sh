#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# userland.sh bookworm|trixie COMMAND...: runs COMMAND here, in the repository, but with that release's compilers and
# libraries. The release itself stays as it was made: what the command writes outside the repository is lost.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh

release=${1:?which release?}
shift
root=$(tests/vm/rootfs.sh "$release" --build)
export root repo=$PWD
# shellcheck disable=SC2016 # the inner shell expands these
as_root env root="$root" repo="$repo" CCACHE_DIR="$CACHE/ccache" CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1 RC_PARAMS="${RC_PARAMS:-}" unshare --mount bash -euc '
  work=$(mktemp -d)
  trap "umount -lR $work; rmdir $work" EXIT
  mount -t tmpfs tmpfs "$work"
  mkdir "$work"/{upper,work,root}
  mount -t overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" overlay "$work/root"
  mount -t proc proc "$work/root/proc"
  mount --rbind /dev "$work/root/dev"
  mkdir -p "$work/root$repo" "$CCACHE_DIR" "$work/root$CCACHE_DIR"
  mount --bind "$repo" "$work/root$repo"
  mount --bind "$CCACHE_DIR" "$work/root$CCACHE_DIR"
  chroot "$work/root" /usr/bin/env -C "$repo" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
' bash "$@"
