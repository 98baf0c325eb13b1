#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run.sh [OPTIONS] SCRIPT [ARGS...]: runs SCRIPT as root in a throw-away VM and exits with its status.
#   --kernel 6.1|6.12   Debian's kernel of that series (default: the one of this machine's release)
#   --rootfs RELEASE    boot a clean bookworm or trixie with systemd, not this machine's own userland;
#                       RELEASE-build: one with all that building and testing need
#   --icount            virtual time: one CPU, and while it is busy the clock counts its instructions
#   --tty               the script's terminal is this terminal
#   --mem MB            memory (2048)
#   --cpus N            processors (2; in emulation 1)
#   --timeout S         give up after S seconds (900); not with --tty
#   --results DIR       what the script writes to /results appears there
#   --env NAME=VALUE    in the script's environment
#   --listen SOCKET     a network card, eth0 or the next one, with a cable to the VM that is given --connect SOCKET;
#   --connect SOCKET    SOCKET is made by the first of the two. The driver, virtio_net, is for the script to load
#   --pid FILE          the number of qemu's process, for who wants to kill it
# The file system is this machine's (or the rootfs), read-only, with what the script writes kept in memory; the
# repository is at its own path and build/$CW_PRESET (dev) is on PATH. 124: time is up; 125: the VM died.
set -euo pipefail
repo=$(realpath "$(dirname "$0")/../..")
. "$repo/tools/say.sh"

arguments=("$@")
kernel='' rootfs='' icount=0 tty=0 cpus='' memory=2048 seconds=900 results='' environment=() cables=() pid=''
while [ $# -gt 0 ]; do
  case $1 in
    --kernel) kernel=$2 && shift 2 ;;
    --rootfs) rootfs=$2 && shift 2 ;;
    --icount) icount=1 && environment+=(CW_VIRTUAL_TIME=1) && shift ;;
    --tty) tty=1 && shift ;;
    --mem) memory=$2 && shift 2 ;;
    --cpus) cpus=$2 && shift 2 ;;
    --timeout) seconds=$2 && shift 2 ;;
    --results) results=$2 && shift 2 ;;
    --env) environment+=("$2") && shift 2 ;;
    --listen | --connect) cables+=("${1#--} $(realpath -m "$2")") && shift 2 ;;
    --pid) pid=$2 && shift 2 ;;
    -h | --help) sed -n '3,/^set/{s/^# \{0,1\}//;/^set/!p}' "$0" && exit 0 ;;
    -*) die "no option $1" "see ./dev vm --help" ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || die "which script?" "./dev vm [OPTIONS] SCRIPT [ARGS]; see ./dev vm --help"
[ "$(dpkg --print-architecture)" = amd64 ] || die "the VM needs an amd64 machine" "this one is $(dpkg --print-architecture)"
[ "$tty" = 0 ] || [ -t 0 ] || die "--tty needs a terminal"
if [ -n "$results" ]; then mkdir -p "$results"; fi # by who asked for it, who will want to remove it
if [ -n "$rootfs" ] && [ "$EUID" != 0 ]; then # its files are root's
  exec sudo CAUSEWAY_CACHE="$CACHE" CW_PRESET="${CW_PRESET:-dev}" "$0" "${arguments[@]}"
fi
script=$(realpath -e "$1") || die "no script $1"
shift

if [ -z "$kernel" ]; then
  case $(. /etc/os-release && echo "${VERSION_CODENAME:-}") in trixie) kernel=6.12 ;; *) kernel=6.1 ;; esac
fi
kroot=$("$repo/tests/vm/kernel.sh" "$kernel" ${rootfs:+"${rootfs%-build}"})
version=$(ls "$kroot/lib/modules")
root=/
if [ -n "$rootfs" ]; then root=$("$repo/tests/vm/rootfs.sh" ${rootfs/-build/ --build}); fi

work=$(mktemp -d "${TMPDIR:-/tmp}/causeway-vm.XXXXXX")
trap 'rm -rf "$work"' EXIT
results=$(realpath -m "${results:-$work/results}")
mkdir -p "$results" "$work"/initramfs/{bin,modules,proc,sys,dev,root,lower,upper,job}

# The job: settings for init and start, and the command line with its arguments quoted.
job=$work/initramfs/job
interpreter=$(sed -n '1s/^#! *//p;q' "$script" | tr -d '\0')
case $script in
  "$repo"/*) ;;
  *) cp "$script" "$job/script" && script=/run/job/script ;;
esac
read -r rows columns < <(stty size 2>/dev/null || echo "24 80")
cat >"$job/settings" <<S
host_root=$([ -n "$rootfs" ] && echo 0 || echo 1)
clean=$([[ -n $rootfs && $rootfs != *-build ]] && echo 1 || echo 0)
kernel_version=$version
repo=$(printf %q "$repo")
path=$(printf %q "$repo/build/${CW_PRESET:-dev}:/usr/sbin:/usr/bin:/sbin:/bin")
tty=$tty
rows=$rows
columns=$columns
term=${TERM:-dumb}
S
{
  for setting in ${environment[@]+"${environment[@]}"}; do printf 'export %q\n' "$setting"; done
  printf 'cd %q 2>/dev/null || cd %q\n' "$PWD" "$repo"
  printf 'exec %s %q' "${interpreter:-bash}" "$script"
  for argument; do printf ' %q' "$argument"; done
  echo
} >"$job/command"
cp "$repo/tests/vm/start" "$repo/tests/vm/units" "$job/"

# The first file system: busybox, the few modules the shares need, init, the job.
cp "$repo/tests/vm/init" "$work/initramfs/"
cp "$(command -v busybox)" "$work/initramfs/bin/"
n=10
for module in virtio_pci virtio_console 9pnet_virtio 9p overlay; do
  /sbin/modprobe -d "$kroot" -S "$version" --show-depends "$module" | awk '/^insmod/{print $2}'
done | awk '!seen[$0]++' | while read -r file; do
  if [[ $file == *.xz ]]; then xz -dc "$file"; else cat "$file"; fi >"$work/initramfs/modules/$n-$(basename "$file" .xz)"
  n=$((n + 1))
done
(cd "$work/initramfs" && chmod +x init && find . | cpio -o -H newc --quiet) >"$work/initrd"

accel=$("$repo/tests/vm/accel.sh" "$kroot")
processor=max quick='' usual=2
if [[ $accel == *tcg* ]]; then
  # What starting a program costs in emulation, more than halved: code already translated is found again only at the
  # address it had; each time a page is wiped or another set of rules for memory is entered, it is all emulated; a clock
  # read from a device leaves the translated code; `rep movsb` is carried out byte by byte. A second processor costs a
  # fifth more than it gives, since the tests do one thing after the other.
  quick="norandmaps nokaslr init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off audit=0"
  quick+=" clocksource=tsc tsc=reliable"
  # Beside other work a first timer's tick may come too late for the kernel's own test of it, which ends in a panic.
  quick+=" no_timer_check"
  usual=1 processor=max,la57=off,smap=off,smep=off,umip=off,pku=off,erms=off
fi
if [ "$icount" = 1 ]; then
  # While it waits, time is real: sleep=off would leap to the next timer, past the answers of files on the host.
  accel="-accel tcg,thread=single -icount shift=0,sleep=on" cpus=1
elif [[ $accel == *tcg* ]]; then
  # AVX costs more than it saves in emulation: WireGuard's packets take a third of the time by SSSE3. Not in virtual time, where
  # instructions are counted as real machines have them.
  processor+=,avx=off,avx2=off
fi
# shellcheck disable=SC2206 # $accel is options
options=(
  $accel -smp "${cpus:-$usual}" -cpu "$processor" -m "$memory" -nodefaults -display none -no-reboot
  -kernel "$kroot"/boot/vmlinuz* -initrd "$work/initrd"
  # Expedited grace periods: without them removing namespaces and peers is mostly waiting.
  -append "console=ttyS0 panic=-1 quiet mitigations=off rcupdate.rcu_expedited=1 $quick"
  -serial "file:$work/console" -device virtio-serial
  -chardev "file,id=status,path=$work/status" -device virtserialport,chardev=status,name=status
)
share() { # share NAME FOLDER [MORE]; a comma in a name is written twice
  options+=(-virtfs "local,path=${2//,/,,},mount_tag=$1,security_model=none,multidevs=remap${3:+,$3}")
}
share root "$root" readonly=on
share modules "$kroot/lib/modules/$version" readonly=on
share repo "$repo" readonly=on
share results "$results"
for cable in ${cables[@]+"${cables[@]}"}; do
  id=cable${#options[@]}
  case $cable in listen*) server=on ;; *) server=off ;; esac
  # An address of its own for each end, the same at each boot.
  mac=$(md5sum <<<"$cable" | sed -E 's/^(..)(..)(..)(..).*/52:54:\1:\2:\3:\4/')
  cable=${cable#* }
  options+=(-netdev "stream,id=$id,server=$server,addr.type=unix,addr.path=${cable//,/,,}" -device "virtio-net-pci,netdev=$id,mac=$mac")
done
[ -z "$pid" ] || options+=(-pidfile "$pid")

code=0
if [ "$tty" = 1 ]; then
  qemu-system-x86_64 "${options[@]}" -chardev stdio,id=tty,signal=off -serial chardev:tty || code=$?
else
  mkfifo "$work/output"
  cat "$work/output" &
  timeout --foreground -k 5 "$seconds" qemu-system-x86_64 "${options[@]}" </dev/null \
    -chardev "file,id=output,path=$work/output" -device virtserialport,chardev=output,name=output || code=$?
  wait $!
fi
if [ "$code" = 124 ]; then
  note "The VM was stopped: $seconds s are up (--timeout)."
  exit 124
elif [ -s "$work/status" ]; then
  exit "$(cat "$work/status")"
fi
note "The VM died (qemu's status $code). The end of its console:"
tail -n 25 "$work/console" | sed 's/^/    /' >&2
exit 125
