# SPDX-License-Identifier: Apache-2.0
"""When a command printed what."""

from __future__ import annotations

import subprocess
import time
from threading import Thread

from lab.namespace import Namespace


class Stamped:
    """A command that goes on, and when it printed each of its lines."""

    def __init__(self, namespace: Namespace, *command: str) -> None:
        self.times: list[float] = []
        self._process = subprocess.Popen(
            namespace.command("stdbuf", "-oL", *command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for _ in self._process.stdout:
            self.times.append(time.monotonic())

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
