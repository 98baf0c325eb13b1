# SPDX-License-Identifier: Apache-2.0
"""Running the command: as a program would, and on a terminal with somebody who types."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest
from pathlib import Path

CAUSEWAY = sys.argv.pop(1)
ENDPOINT = "198.51.100.10:51820"


def run(*arguments: str | Path, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CAUSEWAY, *map(str, arguments)], input=stdin, capture_output=True, text=True, timeout=60,
                          cwd=cwd)  # fmt: skip


def scanned(image: Path) -> str:
    """What the QR code in an image says, as an app reads it."""
    found = subprocess.run(["zbarimg", "--raw", "-q", "--nodbus", str(image)], capture_output=True, text=True)
    return found.stdout[:-1]  # zbarimg ends what it prints with a line end of its own


def on_a_terminal(arguments: list[str | Path], typed: str = "", columns: int = 200, lines: int = 100,
                  through: list[str] | None = None) -> tuple[int, str]:  # fmt: skip
    """Exit status and what the terminal showed, of a command with a terminal of its own for all it reads and writes.

    `through` is another program, which is given the command.
    """
    command = [*(through or []), CAUSEWAY, *map(str, arguments)]
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.environ.pop("NO_COLOR", None)
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    shown = b""
    answers = typed.splitlines(keepends=True)
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other end is gone
            break
        if not part:
            break
        shown += part
        if answers and shown.endswith(b": "):
            os.write(terminal, answers.pop(0).encode())
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), shown.decode().replace("\r\n", "\n")


class NetworkTest(unittest.TestCase):
    """Each test has a network `acme` with one site and one gateway, made by the command."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.network = self.folder / "acme"
        self.key = self.folder / "main.key"
        self.done("network", "init", self.network, "--site", "office", "--routes", "10.0.0.0/16", "--no-keys",
                  "--pool", "100.83.0.0/16")  # fmt: skip
        self.done("gateway", "add", "main", "--network", self.network, "--site", "office", "--endpoint", ENDPOINT,
                  "--private-key", self.key)  # fmt: skip

    def done(self, *arguments: str | Path, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        result = run(*arguments, stdin=stdin, cwd=cwd)
        self.assertEqual(result.returncode, 0, f"{arguments}: {result.stderr}")
        return result

    def refused(self, *arguments: str | Path, says: str, status: int = 1, cwd: Path | None = None) -> None:
        before = self.content()
        result = run(*arguments, cwd=cwd)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertRegex(result.stderr, says)
        self.assertEqual(self.content(), before, "a refused command changes nothing")

    def peer(self, verb: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self.done("peer", verb, *arguments, "--network", self.network)

    def content(self) -> dict[str, str]:
        files = (path for path in self.folder.rglob("*") if path.is_file() and ".git" not in path.parts)
        return {str(path.relative_to(self.folder)): path.read_bytes().hex() for path in files}

    def peer_file(self, name: str) -> Path:
        return self.network / "peers" / f"{name}.toml"

    def value(self, name: str, key: str) -> str:
        found = re.search(rf'^{key} = "(.*)"$', self.peer_file(name).read_text(), re.MULTILINE)
        self.assertIsNotNone(found)
        return found[1]


def public_half(private: str) -> str:
    return subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout.strip()


def private_key(configuration: str) -> str:
    return re.search(r"^PrivateKey = (.{44})$", configuration, re.MULTILINE)[1]
