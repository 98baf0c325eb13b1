#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# kernel.sh 6.1|6.12 [RELEASE]: prints the folder of Debian's own kernel of that series, fetching and unpacking it the first
# time. The generic flavour, because the cloud one has no 9p. Debian 12 packages both series; trixie's own is 6.12, taken
# where RELEASE (this machine's, if not given) is that.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/say.sh
. tools/apt.sh

series=${1:?usage: kernel.sh 6.1|6.12 [RELEASE]}
release=bookworm
case $series in
  6.1) ;;
  6.12) if [ "${2:-$(. /etc/os-release && echo "${VERSION_CODENAME:-}")}" = trixie ]; then release=trixie; fi ;;
  *) die "no kernel $series here" "there are 6.1 and 6.12" ;;
esac

root=$CACHE/kernel/$release-$series
if [ ! -e "$root" ]; then only_one; fi
if [ ! -e "$root" ]; then
  own_apt "$release"
  package=$(apt-cache -c "$apt_conf" search --names-only "^linux-image-$series\.[0-9.-]+(\+deb1[23])?-amd64$" |
    cut -d' ' -f1 | sort -V | tail -n 1)
  [ -n "$package" ] || die "Debian $release has no kernel package of series $series" "look at: apt-cache -c $apt_conf search linux-image"
  rm -rf "$root.new"
  mkdir -p "$root.new"
  slow "Fetching $package" env -C "$root.new" apt-get -c "$apt_conf" download "$package"
  slow "Unpacking it" dpkg-deb -x "$root.new/$package"_*.deb "$root.new"
  rm "$root.new/$package"_*.deb
  [ -d "$root.new/lib/modules" ] || { mkdir -p "$root.new/lib" && mv "$root.new/usr/lib/modules" "$root.new/lib/modules"; }
  /sbin/depmod -b "$root.new" "$(ls "$root.new/lib/modules")"
  mv "$root.new" "$root"
fi
echo "$root"
