# SPDX-License-Identifier: Apache-2.0
"""Streams of numbered datagrams and what becomes of them (the program is tests/system/fire.cpp)."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from lab import shell
from lab.namespace import Namespace


class Fire:
    """Sends to an address and port, as fast as it goes unless told, until asked for its count."""

    def __init__(self, namespace: Namespace, folder: Path, address: str, port: int, per_second: float = 0) -> None:
        self._file = folder / f"fire-{namespace.name}-{port}.txt"
        # It leaves the processor to whoever else wants it, and has all that nobody wants.
        command = ("nice", "-n", "19", "fire", "send", address, str(port))
        command += (str(per_second),) if per_second else ()
        with self._file.open("w") as output:
            self._process = namespace.start(*command, output=output)
        _wait_for(self._file)

    def stop(self) -> int:
        """How many it sent."""
        (sent,) = _ended(self._process, self._file)
        return sent


@dataclass(frozen=True)
class Count:
    received: int  # different ones
    sent: int  # at least: one more than the highest number

    @property
    def missing(self) -> int:
        return self.sent - self.received


class Target:
    """Where they arrive, at every address of a namespace."""

    def __init__(self, namespace: Namespace, folder: Path, port: int) -> None:
        self._file = folder / f"target-{namespace.name}-{port}.txt"
        with self._file.open("w") as output:
            self._process = namespace.start("fire", "receive", str(port), output=output)
        _wait_for(self._file)

    def stop(self) -> Count:
        return Count(*_ended(self._process, self._file))


def _wait_for(file: Path) -> None:
    shell.until(f"{file.name} to be ready", lambda: file.read_text().startswith("ready\n"))


def _ended(process: subprocess.Popen[str], file: Path) -> list[int]:
    process.terminate()
    process.wait(timeout=20)
    text = file.read_text()
    if process.returncode != 0:
        raise shell.CommandFailed(text)
    return [int(number) for number in text.split()[1:]]
