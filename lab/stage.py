# SPDX-License-Identifier: Apache-2.0
"""How the lab looks on a terminal: numbered steps, commands with what they printed, checks, one verdict."""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import shell

WIDTH = 86
INDENT = "     "
OUTPUT_LINES = 24  # of one command; the rest is counted


class Stage:
    """Prints to stdout as things happen. Not a place for decisions: a check only says what was found."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour
        self._step = 0
        self.failures: list[str] = []

    def title(self, text: str, lines: Iterable[str]) -> None:
        self._print(f"\n{self._paint(text, '1')}")
        for line in lines:
            self._print(f"  {self._paint(line, '2')}")

    def step(self, text: str) -> None:
        self._step += 1
        self._print(f"\n{self._paint(f'{self._step:2} ', '1;36')}{self._paint(text, '1')}")

    def say(self, text: str) -> None:
        self._print(f"{INDENT}{text}")

    @contextmanager
    def slow(self, what: str) -> Iterator[None]:
        """Something that takes a while: named at once, its seconds when it is done."""
        started = time.monotonic()
        print(f"{INDENT}{what} ".ljust(WIDTH - 8, "."), end="", flush=True)
        try:
            yield
        except BaseException:
            self._print(self._paint("  failed", "31"))
            raise
        self._print(self._paint(f"{time.monotonic() - started:6.1f} s", "2"))

    def file(self, name: str, text: str) -> None:
        self._print(f"{INDENT}{self._paint(name, '4')}")
        self._show(text, len(text.splitlines()))

    def command(self, who: str, shown: tuple[str, ...] | str, run: Callable[[], str]) -> str:
        """Shows a command as `who` types it, runs it, shows what it printed and returns that."""
        line = shown if isinstance(shown, str) else shlex.join(shown)
        self._print(f"{INDENT}{self._paint(f'{who}$', '36')} {line}")
        output = run()
        self._show(output, OUTPUT_LINES)
        return output

    def check(self, holds: bool, what: str) -> None:
        mark = self._paint("ok", "32") if holds else self._paint("NO", "1;31")
        self._print(f"{INDENT}{mark}  {what}")
        if not holds:
            self.failures.append(what)

    def play(self, story: Callable[[Path], int]) -> int:
        """A story in a folder of its own; what stops it is said on the stage. The exit status."""
        with tempfile.TemporaryDirectory(prefix="causeway-lab.") as folder:
            try:
                return story(Path(folder))
            except (shell.CommandFailed, TimeoutError, AssertionError, OSError) as error:
                self.check(False, f"this step: {error}")
                return self.verdict("")

    def verdict(self, good: str) -> int:
        """The last line, and the exit status."""
        if not self.failures:
            self._print(f"\n{self._paint('It works:', '1;32')} {good}")
            return 0
        self._print(f"\n{self._paint('It does not work:', '1;31')} {'; '.join(self.failures)}")
        return 1

    def _show(self, text: str, limit: int) -> None:
        lines = text.rstrip().splitlines()
        for line in lines[:limit]:
            self._print(f"{INDENT}  {self._paint(line, '2')}".rstrip())
        if len(lines) > limit:
            self._print(f"{INDENT}  {self._paint(f'... {len(lines) - limit} more lines', '2')}")

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _print(self, text: str) -> None:
        print(text, flush=True)
