# SPDX-License-Identifier: Apache-2.0
"""A network namespace and what runs in it."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import IO

from lab import shell


class Namespace:
    """Made by `make`; `delete` kills what runs in it."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def make(cls, *names: str) -> list[Namespace]:
        """Makes namespaces, with loopback up; all of them or none."""
        taken = [name for name in names if Path("/run/netns", name).exists()]
        if taken:
            raise shell.CommandFailed(f"there is a network namespace of that name already: {', '.join(taken)}")
        shell.run("ip", "-batch", "-", stdin="".join(f"netns add {name}\n" for name in names))
        namespaces = [cls(name) for name in names]
        for namespace in namespaces:
            namespace.ip("link set lo up")
        return namespaces

    def command(self, *args: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.name, *args)

    def run(
        self, *args: str, stdin: str = "", timeout: float = shell.COMMAND_SECONDS, check: bool = True
    ) -> str:
        return shell.run(*self.command(*args), stdin=stdin, timeout=timeout, check=check)

    def succeeds(self, *args: str, timeout: float = shell.COMMAND_SECONDS) -> bool:
        return shell.succeeds(*self.command(*args), timeout=timeout)

    def start(self, *args: str, output: IO[str] | int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        """Starts a long-running command; its output goes to `output`."""
        return subprocess.Popen(
            self.command(*args),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def ip(self, *lines: str) -> None:
        """Runs lines of `ip` commands in one go."""
        shell.run("ip", "-n", self.name, "-batch", "-", stdin="\n".join(lines) + "\n")

    def nft(self, rules: str) -> None:
        self.run("nft", "-f", "-", stdin=rules)

    def sysctl(self, **values: int) -> None:
        """sysctl(net__ipv4__ip_forward=1): two underscores stand for the dot."""
        settings = [f"{key.replace('__', '.')}={value}" for key, value in values.items()]
        self.run("sysctl", "-q", "-w", *settings)

    def processes(self) -> list[int]:
        return [int(pid) for pid in shell.run("ip", "netns", "pids", self.name).split()]

    def delete(self) -> None:
        pids = self.processes()
        if pids:
            shell.run("kill", f"-{signal.SIGKILL.value}", *map(str, pids), check=False)
            shell.until(f"processes of {self.name} gone", lambda: not self.processes())
        shell.run("ip", "netns", "delete", self.name)
