# SPDX-License-Identifier: Apache-2.0
"""Checks every #include against the dependency table in ARCHITECTURE.md.

usage: check.py [ROOT]; prints one line for each violation and exits with 1 if there is any.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

SOURCES = (".h", ".cpp", ".c")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
ROW = re.compile(r"^\| `([\w/]+)` \| (pure|sink|program) \|([^|]*)\|([^|]*)\|$", re.MULTILINE)

# Third-party headers by what they begin with; the names are the table's.
LIBRARIES = {
    "CLI/": "CLI11",
    "bpf/": "libbpf",
    "curl/": "libcurl",
    "fmt/": "fmt",
    "libmnl/": "libmnl",
    "microhttpd.h": "libmicrohttpd",
    "netlink/": "libnl",
    "nftables/": "libnftables",
    "nlohmann/": "nlohmann-json",
    "png.h": "libpng",
    "qrencode.h": "libqrencode",
    "sodium.h": "libsodium",
    "systemd/": "libsystemd",
    "tl/": "expected",
    "toml.hpp": "toml11",
    "toml/": "toml11",
}
EVERYWHERE = {"fmt", "expected"}
SYSTEM = ("arpa/", "asm/", "linux/", "net/", "netinet/", "sys/")

# What reads, writes, waits or runs beside us. Headers of constants and wire formats (linux/...,
# netinet/in.h, sys/socket.h) are no I/O.
NOT_PURE = {
    "condition_variable", "cstdio", "dirent.h", "fcntl.h", "filesystem", "fstream", "future", "grp.h", "iostream",
    "mutex", "net/if.h", "netdb.h", "poll.h", "pthread.h", "pwd.h", "sched.h", "signal.h", "spawn.h", "stdio.h",
    "sys/epoll.h", "sys/inotify.h", "sys/ioctl.h", "sys/mman.h", "sys/prctl.h", "sys/random.h", "sys/signalfd.h",
    "sys/stat.h", "sys/syscall.h", "sys/time.h", "sys/timerfd.h", "sys/un.h", "sys/wait.h", "syslog.h", "thread",
    "time.h", "ctime", "random", "unistd.h", "base/file.h", "base/unique_fd.h",
}  # fmt: skip
NOT_PURE_CALL = re.compile(r"\b(?:\w*_clock::now|getenv|SystemClock)\b")


@dataclass(frozen=True)
class Row:
    folder: str
    kind: str
    uses: frozenset[str]
    libraries: frozenset[str]


def read_table(text: str) -> dict[str, Row]:
    section = text.partition("## Dependency table\n")[2].partition("\n## ")[0]
    rows = {}
    for folder, kind, uses, libraries in ROW.findall(section):
        rows[folder] = Row(folder, kind, frozenset(re.findall(r"`([\w/]+)`", uses)), frozenset(libraries.split()))
    return rows


def row_of(rows: dict[str, Row], folder: str) -> Row | None:
    while folder:
        if folder in rows:
            return rows[folder]
        folder = folder.rpartition("/")[0]
    return None


def library_of(header: str) -> str | None:
    """The library a <header> belongs to; None for the C and C++ libraries and the kernel's headers."""
    for prefix, name in LIBRARIES.items():
        if header.startswith(prefix):
            return name
    standard = "/" not in header and (header.endswith(".h") or "." not in header)
    return None if standard or header.startswith(SYSTEM) else header


def check_include(rows: dict[str, Row], row: Row, quoted: bool, header: str) -> str | None:
    if row.kind == "pure" and header in NOT_PURE:
        return f"{row.folder} is pure and may not include {header}"
    if quoted:
        target = row_of(rows, header.rpartition("/")[0])
        if target is None:
            return f'"{header}" is in no folder of the table'
        if target != row and target.folder not in row.uses:
            return f"{row.folder} may not use {target.folder} ({header})"
        return None
    library = library_of(header)
    if library is None or library in EVERYWHERE or library in row.libraries:
        return None
    return f"{row.folder} may not use the library {library} (<{header}>)"


def violations(root: Path) -> list[str]:
    rows = read_table((root / "ARCHITECTURE.md").read_text())
    if not rows:
        return ["ARCHITECTURE.md has no dependency table"]
    found = []
    for row in rows.values():
        found += [f"ARCHITECTURE.md: {row.folder} may use {used}, which has no row" for used in row.uses - rows.keys()]
    toml: list[str] = []
    for top in sorted({folder.partition("/")[0] for folder in rows}):
        for file in sorted((root / top).rglob("*")):
            if file.suffix not in SOURCES:
                continue
            name = file.relative_to(root)
            row = row_of(rows, name.parent.as_posix())
            if row is None:
                found.append(f"{name}: its folder has no row in ARCHITECTURE.md")
                continue
            text = file.read_text()
            for mark, header in INCLUDE.findall(text):
                problem = check_include(rows, row, mark == '"', header)
                if problem:
                    found.append(f"{name}: {problem}")
                if library_of(header) == "toml11":
                    toml.append(str(name))
            if row.kind == "pure" and (call := NOT_PURE_CALL.search(text)):
                found.append(f"{name}: {row.folder} is pure and may not call {call.group()}")
    if len(toml) > 1:
        found.append(f"toml11 may be included by one file, not by {' and '.join(toml)}")
    return found


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2]
    found = violations(root)
    print("\n".join(found) if found else "every #include agrees with ARCHITECTURE.md")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
