# SPDX-License-Identifier: Apache-2.0
"""test_static.py CAUSEWAY: the static CLI needs nothing of the system it runs on but the kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/docs"))
import readme  # noqa: E402

CAUSEWAY = sys.argv.pop(1)


class Static(unittest.TestCase):
    def setUp(self) -> None:
        # A root file system with the binary, the README's network, and not a file more.
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)
        shutil.copy(CAUSEWAY, self.root / "causeway")
        readme.follow(CAUSEWAY, self.root)

    def run_alone(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        enter = ["chroot"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "chroot"]
        command = [*enter, str(self.root), "/causeway", *arguments]
        return subprocess.run(command, env={"PATH": "/usr/sbin:/usr/bin"}, capture_output=True, text=True)

    def test_it_asks_for_no_loader_and_no_library(self) -> None:
        described = subprocess.run(["readelf", "-ldW", CAUSEWAY], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("INTERP", described)
        self.assertNotIn("NEEDED", described)

    def test_it_tells_its_version(self) -> None:
        done = self.run_alone("version")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^causeway \d+\.\d+\.\d+")

    def test_it_checks_the_readmes_network(self) -> None:
        done = self.run_alone("check", "/network")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_it_shows_a_mistake(self) -> None:
        (self.root / "network/network.toml").write_text('name = "x"\npool = 5\n')
        done = self.run_alone("check", "/network")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/network/network.toml:2", done.stderr)

    def test_it_says_that_it_knows_no_https(self) -> None:
        done = self.run_alone("netmap", "diff", "/network", "https://example.com/net")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn("knows files only", done.stderr)


if __name__ == "__main__":
    unittest.main()
