#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# setup.sh [build]: installs what building and testing need, or building alone (a router has no use for the rest): Debian
# packages only. Quick when there is nothing to do.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/say.sh

. /etc/os-release
case ${ID:-}-${VERSION_ID:-} in
  debian-12 | debian-13) ;;
  *) die "this needs Debian 12 or 13, and this is ${PRETTY_NAME:-something else}" ;;
esac

lists=(tools/packages-build)
[ "${1:-}" = build ] || lists+=(tools/packages-test)
mapfile -t packages < <(sed -e '/^#/d; /^$/d' -e "s/^$VERSION_ID://; /^[0-9]*:/d" "${lists[@]}")
stamp=$CACHE/setup-$(printf '%s\n' "$VERSION_ID" "${packages[@]}" | sha256sum | cut -c1-16)

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}\n' "${packages[@]}" 2>/dev/null | grep -cx installed)" = ${#packages[@]} ]
}

install() {
  # The options a machine may have set to ask questions or to start what it installs are not ours to change; only questions are.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${packages[@]}"
}

if [ -e "$stamp" ] && installed; then exit 0; fi
if ! installed; then
  [ "$EUID" = 0 ] || sudo -v # ask for the password before output goes to a log
  slow "Package lists" as_root apt-get update
  slow "Installing ${#packages[@]} packages (once)" install
fi
touch "$stamp"
