# SPDX-License-Identifier: Apache-2.0
"""The deployment that the README describes: its commands and its files."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"

# "`/etc/causeway/FILE`, some words:" and the block that follows it.
FILE = re.compile(r"^`/etc/causeway/([\w./-]+)`.*?\n```toml\n(.*?)```", re.DOTALL | re.MULTILINE)

# The commands that write to the network directory.
COMMAND = re.compile(r"^    sudo causeway ((?:network init|gateway add|peer add) .*)$", re.MULTILINE)


def follow(causeway: str, folder: Path) -> list[str]:
    """Does what the README says with `folder` in the place of /etc/causeway; the names of the files it has then."""
    for command in COMMAND.findall(README.read_text()):
        words = shlex.split(command.replace("/etc/causeway", str(folder)))
        (folder / "keys").mkdir(exist_ok=True)
        if words[0] != "network":
            words += ["--network", f"{folder}/network"]
        done = subprocess.run([causeway, *words], cwd=folder / "keys", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    write_files(folder)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def write_files(folder: Path) -> list[str]:
    """Into `folder` as they stand below /etc/causeway; their names."""
    files = dict(FILE.findall(README.read_text()))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sorted(files)
