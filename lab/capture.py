# SPDX-License-Identifier: Apache-2.0
"""Witnesses: what the kernel announced, what was written to it, how many packets passed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from types import TracebackType

from lab import shell
from lab.namespace import Namespace

TRACING = Path("/sys/kernel/tracing")

# Every way the kernel takes orders that we could give it: its function, and an argument to record.
PROBES = {
    "rtnetlink": "rtnetlink_rcv_msg type=+4(%si):u16",
    "nftables": "nfnetlink_rcv_batch",
    "wireguard": "wg_set_device",
    "sysctl": "proc_sys_write",
}

# In rtnetlink the low two bits of a message's type say what it does: 0 new, 1 delete, 2 get, 3 set.
RTNETLINK_MESSAGE = re.compile(r"rtnetlink: .* type=(\d+)")


class Announcements:
    """Everything rtnetlink and nftables announce in a namespace, as `ip monitor` and `nft monitor` print it, but for the
    states of neighbours, which the kernel changes by itself.

    Exact at both ends: a marker of our own is waited for in both streams before the first and after the last event.
    """

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self._namespace = namespace
        self._files = {name: folder / f"{namespace.name}-{name}.log" for name in ("ip", "nft")}
        commands = {"ip": ("ip", "-o", "monitor", "all"), "nft": ("stdbuf", "-oL", "nft", "monitor")}
        self._processes = []
        for name, file in self._files.items():
            with file.open("w") as output:
                self._processes.append(namespace.start(*commands[name], output=output))
        self._marks = 0
        self._mark()
        self._start = {name: file.stat().st_size for name, file in self._files.items()}

    def events(self) -> list[str]:
        """What was announced since the start, without our markers."""
        self._mark()
        lines: list[str] = []
        for name, file in self._files.items():
            text = file.read_bytes()[self._start[name] :].decode(errors="replace")
            lines += [line for line in text.splitlines() if line and not _is_marker(line) and "[NEIGH]" not in line]
        return lines

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def __enter__(self) -> Announcements:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _mark(self) -> None:
        self._marks += 1
        address = f"192.0.2.{self._marks}"

        def seen() -> bool:
            # Again and again until seen: a monitor that is not yet listening misses it.
            self._namespace.ip(f"address add {address}/32 dev lo", f"address delete {address}/32 dev lo")
            self._namespace.nft(f"add table ip marker{self._marks}; delete table ip marker{self._marks}")
            ip, nft = (file.read_text(errors="replace") for file in self._files.values())
            return f"inet {address}/32" in ip and f"delete table ip marker{self._marks}" in nft

        shell.until("monitors of the kernel's announcements", seen)


class Writes:
    """Counts the writes programs make to the kernel's network state, by name of the program, in all namespaces.

    Kernel probes see each request itself, so also WireGuard changes, which nothing announces. Needs root in the VM.
    """

    def __init__(self, program: str) -> None:
        self._program = program[:15]  # the kernel keeps that much of a name

    def __enter__(self) -> Writes:
        if not (TRACING / "kprobe_events").exists():
            shell.run("mount", "-t", "tracefs", "tracefs", str(TRACING))
        shell.run("modprobe", "-a", "wireguard", "nf_tables")
        (TRACING / "trace").write_text("")
        for name, probe in PROBES.items():
            _append(TRACING / "kprobe_events", f"p:cw/{name} {probe}\n")
            (TRACING / "events/cw" / name / "enable").write_text("1")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in PROBES:
            (TRACING / "events/cw" / name / "enable").write_text("0")
        (TRACING / "kprobe_events").write_text("")

    def seen(self) -> list[str]:
        """One line for each write so far."""
        lines = (TRACING / "trace").read_text().splitlines()
        ours = [line.strip() for line in lines if line.lstrip().startswith(f"{self._program}-")]
        return [line for line in ours if not _is_question(line)]


class PacketCounter:
    """Counts the packets a namespace receives that match, before its own firewall sees them."""

    def __init__(self, namespace: Namespace, match: str, name: str = "witness") -> None:
        self._namespace = namespace
        self._table = name
        namespace.nft(
            f"add table inet {name}; delete table inet {name}\n"  # an earlier one with that name ends
            f"table inet {name} {{ counter hits {{ }}\n"
            f"chain seen {{ type filter hook prerouting priority -500; {match} counter name hits; }}\n}}"
        )

    def packets(self) -> int:
        listing = self._namespace.run("nft", "-j", "list", "counter", "inet", self._table, "hits")
        return next(
            int(item["counter"]["packets"]) for item in json.loads(listing)["nftables"] if "counter" in item
        )


def _append(file: Path, text: str) -> None:
    # Not open("a"), which seeks to the end, and these files refuse that.
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _is_question(line: str) -> bool:
    match = RTNETLINK_MESSAGE.search(line)
    return match is not None and int(match[1]) & 3 == 2


def _is_marker(line: str) -> bool:
    return "192.0.2." in line or "marker" in line or line.startswith("# new generation")
