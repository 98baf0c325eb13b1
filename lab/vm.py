# SPDX-License-Identifier: Apache-2.0
"""A VM of tests/vm/run.sh, started from this machine: for what takes more than one of them, with cables from one to another."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import IO

from lab import shell

BOOT_SECONDS = 240.0  # until one does what it is for, while others are being emulated beside it
_RUN = Path(__file__).resolve().parents[1] / "tests/vm/run.sh"
_QEMU_SECONDS = 120.0  # until one runs: what it needs may have to be fetched first


class Machine:
    """One VM, and what is needed to boot it anew. `arguments`: of tests/vm/run.sh."""

    def __init__(self, pid: Path, *arguments: str) -> None:
        self._pid, self._command = pid, [str(_RUN), "--pid", str(pid), *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def boot(self, output: IO[bytes] | None = None) -> None:
        self._pid.unlink(missing_ok=True)
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def status(self) -> int | None:
        """None while it runs."""
        return self._process.poll() if self._process else None

    def offers(self, cable: Path) -> None:
        """Waits until the other end of a cable can be plugged in; or it has ended."""
        shell.until("cables", lambda: cable.exists() or self.status() is not None, _QEMU_SECONDS)

    def kill(self) -> None:
        """Without a word to anybody: the process that is the machine."""
        if self._process is None or self._process.poll() is not None:
            return
        pid = shell.until("a process of qemu", lambda: self._pid.exists() and self._pid.read_text().strip(), _QEMU_SECONDS)
        os.kill(int(pid), signal.SIGKILL)
        self._process.wait()  # run.sh says that it died


def find_cards(*names: str) -> None:
    """Inside of one: network cards. Nobody loads their driver there."""
    shell.run("modprobe", "virtio_net")
    for name in names:
        shell.until(f"network card {name}", Path("/sys/class/net", name).exists)
