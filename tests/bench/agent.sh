# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# agent.sh: for benchmarks in the VM: the agent as a process of its own in namespace bench, on the network in $folder/network,
# and what it takes.
folder=$(mktemp -d)
worst=0

in_namespace() { ip netns exec bench "$@"; }

report() { # NAME VALUE UNIT LIMIT
  local verdict=ok
  awk "BEGIN { exit !($2 > $4) }" && verdict="falls short" worst=1
  printf '%s %s %s (limit %s) %s\n' "$1" "$2" "$3" "$4" "$verdict"
}

status() { in_namespace causeway --socket "$folder/agent/control.sock" status --json; }

start_agent() { # [SETTING...] of router.toml; sets $agent
  mkdir "$folder/agent"
  if [ ! -e "$folder/prod.key" ]; then # the private half of the bench's first key
    (umask 077 && { printf '\10\0\1' && head -c 29 /dev/zero; } | base64 >"$folder/prod.key")
  fi
  cat >"$folder/router.toml" <<END
$(printf '%s\n' "$@")
name = "r1"
site = "prod"
network = "$folder/network"

[[key]]
gateway = "prod"
source = "$folder/prod.key"
END
  # Not by in_namespace: $! is to be the agent's.
  ip netns exec bench env WATCHDOG_USEC=90000000 NOTIFY_SOCKET="$folder/notify" \
    causewayd --config "$folder/router.toml" --runtime-dir "$folder/agent" >"$folder/log" 2>&1 &
  agent=$!
  until status 2>/dev/null | grep -q '"phase": *"running"'; do
    kill -0 $agent 2>/dev/null || { cat "$folder/log" && exit 1; }
    sleep 2
  done
}

stop_agent() {
  kill "$agent"
  wait "$agent" || true
  rm -r "$folder/agent"
}

field() { awk "/^$1:/ { print \$2 }" "/proc/$agent/status"; }

megabytes() { awk "BEGIN { printf \"%.1f\", $1 / 1024 }"; }

report_memory() { # [PREFIX of the names]; of the agent, just started
  sleep 10 # it gives back what the convergence took
  report "${1:-}resident_after_convergence" "$(megabytes "$(field VmRSS)")" MB 48
  report "${1:-}peak_resident" "$(megabytes "$(field VmHWM)")" MB 128
}
