# SPDX-License-Identifier: Apache-2.0
"""The files of the deployment that the README describes."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"

# "`/etc/causeway/FILE`, some words:" and the block that follows it.
FILE = re.compile(r"^`/etc/causeway/([\w./-]+)`.*?\n```toml\n(.*?)```", re.DOTALL | re.MULTILINE)


def write_files(folder: Path) -> list[str]:
    """Into `folder` as they stand below /etc/causeway; their names."""
    files = dict(FILE.findall(README.read_text()))
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sorted(files)
