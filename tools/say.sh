# SPDX-License-Identifier: Apache-2.0
# Sourced by the developer scripts: what a person sees of a slow step, and where our files are kept.

CACHE=${CAUSEWAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/causeway}
export CAUSEWAY_CACHE=$CACHE
mkdir -p "$CACHE"

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'; else bold='' dim='' red='' plain=''; fi

note() { printf '%s\n' "$*" >&2; }

die() {
  printf '%serror:%s %s\n' "$red" "$plain" "$1" >&2
  [ $# -lt 2 ] || printf '%shint:%s %s\n' "$bold" "$plain" "$2" >&2
  exit 1
}

as_root() {
  if [ "$EUID" = 0 ]; then "$@"; else
    command -v sudo >/dev/null || die "this step needs root, and there is no sudo here" "run ./dev as root"
    sudo "$@"
  fi
}

# only_one: from here to the end of this script, of all that would fetch something only this one goes on.
only_one() { exec 9>"$CACHE/lock" && flock 9; }

# slow LABEL COMMAND...: one line with the time it took; the command's output goes to a log, shown if it fails.
slow() {
  local label=$1 log started=$SECONDS status=0
  shift
  log=$(mktemp "${TMPDIR:-/tmp}/causeway-step.XXXXXX")
  printf '%-46s ' "$label" >&2
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$!
  if [ -t 2 ]; then
    while kill -0 "$pid" 2>/dev/null; do
      printf '\r%-46s %s%4d s%s' "$label" "$dim" $((SECONDS - started)) "$plain" >&2
      sleep 0.5
    done
    printf '\r%-46s ' "$label" >&2
  fi
  wait "$pid" || status=$?
  if [ "$status" = 0 ]; then
    printf '%4d s\n' $((SECONDS - started)) >&2
    rm -f "$log"
  else
    printf '%sfailed%s (status %d); its output:\n' "$red" "$plain" "$status" >&2
    tail -n 100 "$log" | sed 's/^/    /' >&2
    note "    (all of it: $log)"
  fi
  return "$status"
}
