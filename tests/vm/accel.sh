#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# accel.sh KERNEL_ROOT: prints qemu's accelerator options. A /dev/kvm may exist and still hang every guest, so hardware
# virtualisation is used only after a tiny guest has run on it; the answer is kept until the host boots again.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tools/say.sh

probe_seconds=20 # a working one needs less than two
answer=$CACHE/accel-$(cat /proc/sys/kernel/random/boot_id)
if [ ! -e "$answer" ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  result="-accel tcg,thread=multi"
  if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
    mkdir -p "$work/root/bin" "$work/root/proc"
    cp "$(command -v busybox)" "$work/root/bin/"
    printf '#!/bin/busybox sh\n/bin/busybox echo it-runs\n/bin/busybox mount -t proc p /proc\necho o >/proc/sysrq-trigger\n/bin/busybox sleep 9\n' >"$work/root/init"
    chmod +x "$work/root/init"
    (cd "$work/root" && find . | cpio -o -H newc --quiet) >"$work/initrd"
    note "Trying hardware virtualisation"
    (timeout -k 1 "$probe_seconds" qemu-system-x86_64 -accel kvm -cpu host -m 256 -nographic -nodefaults -no-reboot \
      -serial "file:$work/console" -kernel "$1"/boot/vmlinuz* -initrd "$work/initrd" \
      -append "console=ttyS0 panic=-1 quiet" || true) >/dev/null 2>&1 </dev/null
    if grep -q it-runs "$work/console" 2>/dev/null; then result="-accel kvm"; fi
  fi
  # Two may be here at once: neither removes the other's answer, nor reads half of one.
  find "$CACHE" -maxdepth 1 -name 'accel-*' ! -name "${answer##*/}*" -delete
  echo "$result" >"$answer.$$"
  mv "$answer.$$" "$answer"
fi
cat "$answer"
