#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# rootfs.sh bookworm|trixie [--build]: prints the folder of a small clean Debian with systemd, making it the first time.
# With --build it also holds all of tools/packages-*, to build and test against the release that is not this machine's.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/say.sh
. tools/apt.sh

release=${1:?usage: rootfs.sh bookworm|trixie [--build]}
lists=(tests/vm/rootfs-packages)
[ "${2:-}" != --build ] || lists+=(tools/packages-{build,test})
case $release in
  bookworm) version=12 ;;
  trixie) version=13 ;;
  *) die "no rootfs $release" "there are bookworm and trixie" ;;
esac
mapfile -t packages < <(sed -e '/^#/d; /^$/d' -e "s/^$version://; /^[0-9]*:/d" "${lists[@]}" | sort -u)
root=$CACHE/rootfs/$release${2:+-build}-$(printf '%s\n' "${packages[@]}" | sha256sum | cut -c1-12)

make() {
  # Its mounts stay its own, also when it is interrupted. The user _apt may not look into root's home, where the cache is.
  as_root unshare --mount mmdebstrap --mode=root --variant=minbase --architectures=amd64 \
    --aptopt='APT::Sandbox::User "root"' --aptopt='APT::Install-Recommends "false"' \
    --include="$(IFS=,; echo "${packages[*]}")" "$release" "$root.new" "$apt_dir/sources.list"
  # A quick boot: not the first one of a new machine, nothing to bring up to date, nobody to log in, no chores.
  local etc=$root.new/etc unit
  echo causeway-vm | as_root tee "$etc/hostname" >/dev/null
  tr -d - </proc/sys/kernel/random/uuid | as_root tee "$etc/machine-id" >/dev/null
  as_root rm -f "$etc"/systemd/system/getty.target.wants/*
  for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer; do
    as_root ln -sf /dev/null "$etc/systemd/system/$unit"
  done
  as_root rm -f "$etc"/systemd/system/multi-user.target.wants/postgresql.service # tests start their own
  as_root touch "$etc/.updated" "$root.new/var/.updated"
}

if [ ! -e "$root" ]; then only_one; fi
if [ ! -e "$root" ]; then
  [ "$EUID" = 0 ] || sudo -v
  own_apt "$release"
  as_root rm -rf --one-file-system "$root.new"
  mkdir -p "$CACHE/rootfs"
  slow "Making a clean Debian $version (${#packages[@]} packages)" make
  as_root mv "$root.new" "$root"
fi
echo "$root"
