# SPDX-License-Identifier: Apache-2.0
"""Commands and conditions: every command has a time limit, every wait a condition it waits for."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

COMMAND_SECONDS = 60.0  # longest a single command may take, software emulation included
POLL_SECONDS = 0.02

T = TypeVar("T")


class CommandFailed(Exception):
    """A command's status was not 0. Its text shows the command and all it printed."""


def run(*args: str, stdin: str = "", timeout: float = COMMAND_SECONDS, check: bool = True) -> str:
    """Runs a command and returns what it printed on stdout."""
    done = subprocess.run(
        args, input=stdin, capture_output=True, text=True, timeout=timeout, check=False
    )
    if check and done.returncode != 0:
        raise CommandFailed(
            f"status {done.returncode} of: {' '.join(args)}\n{done.stdout}{done.stderr}".rstrip()
        )
    return done.stdout


def succeeds(*args: str, timeout: float = COMMAND_SECONDS) -> bool:
    return subprocess.run(args, capture_output=True, timeout=timeout, check=False).returncode == 0


def until(what: str, condition: Callable[[], T], timeout: float = 20.0) -> T:
    """Returns the first true value of `condition`; TimeoutError names `what` after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}; last seen: {value!r}")
        time.sleep(POLL_SECONDS)
