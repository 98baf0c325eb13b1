# SPDX-License-Identifier: Apache-2.0
"""test_docs.py CAUSEWAY: the README's deployment is a network without mistakes, and no link leads nowhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import readme

ROOT = Path(__file__).resolve().parents[2]
CAUSEWAY = sys.argv.pop(1)
DOCUMENTS = (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


class Docs(unittest.TestCase):
    def test_the_readmes_network_has_no_mistakes(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            files = readme.follow(CAUSEWAY, Path(folder))
            self.assertEqual(
                files,
                [
                    "keys/acme.conf",
                    "keys/main.key",
                    "network/network.toml",
                    "network/peers/alice-laptop.toml",
                    "network/policy.toml",
                    "network/sites/office.toml",
                    "router.toml",
                ],
            )
            done = subprocess.run([CAUSEWAY, "check", f"{folder}/network"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_links_lead_somewhere(self) -> None:
        dead = [
            f"{document.relative_to(ROOT)}: {target}"
            for document in DOCUMENTS
            for target in LINK.findall(document.read_text())
            if not (document.parent / target).exists()
        ]
        self.assertEqual(dead, [])


if __name__ == "__main__":
    unittest.main()
