# SPDX-License-Identifier: Apache-2.0
"""The layer test itself: each kind of violation is found, and what is allowed is let through."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from check import violations

TABLE = """# Architecture

## Dependency table
| folder | kind | may use | libraries |
|---|---|---|---|
| `base` | sink | | |
| `net` | pure | `base` | libsodium |
| `net/load` | sink | `net` | |

## After
| `evil` | sink | | |
"""


class LayerTest(unittest.TestCase):
    def found(self, **files: str) -> list[str]:
        """What is wrong with a tree of these files; `net__a` stands for net/a.cpp."""
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "ARCHITECTURE.md").write_text(TABLE)
            for name, text in files.items():
                path = root / (name.replace("__", "/") + ".cpp")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return violations(root)

    def test_what_the_table_allows_is_let_through(self) -> None:
        text = '#include "net/a.h"\n#include "base/b.h"\n#include <vector>\n#include <fmt/format.h>\n#include <sodium.h>\n'
        self.assertEqual(self.found(net__a=text), [])

    def test_a_folder_that_is_not_in_the_row(self) -> None:
        self.assertEqual(self.found(base__a='#include "net/a.h"\n'), ["base/a.cpp: base may not use net (net/a.h)"])

    def test_a_part_of_a_folder_is_not_the_folder(self) -> None:
        self.assertIn("net may not use net/load", self.found(net__a='#include "net/load/a.h"\n')[0])

    def test_a_library_that_is_not_in_the_row(self) -> None:
        self.assertIn("library libmnl", self.found(net__a="#include <libmnl/libmnl.h>\n")[0])
        self.assertIn("library boost/any.hpp", self.found(net__a="#include <boost/any.hpp>\n")[0])

    def test_io_in_a_pure_folder(self) -> None:
        self.assertIn("net is pure", self.found(net__a="#include <unistd.h>\n")[0])
        self.assertIn("net is pure", self.found(net__a="#include <fstream>\n")[0])
        self.assertEqual(self.found(net__load__a="#include <unistd.h>\n"), [])

    def test_a_clock_in_a_pure_folder(self) -> None:
        self.assertIn("may not call", self.found(net__a="auto t = std::chrono::steady_clock::now();\n")[0])

    def test_an_include_without_its_folder(self) -> None:
        self.assertIn("no folder of the table", self.found(net__a='#include "a.h"\n')[0])

    def test_a_folder_without_a_row(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "ARCHITECTURE.md").write_text(TABLE.replace("| `net` |", "| `net/other` |"))
            (root / "net").mkdir()
            (root / "net/a.cpp").write_text("")
            self.assertIn("net/a.cpp: its folder has no row in ARCHITECTURE.md", violations(root))

    def test_a_second_file_that_includes_toml11(self) -> None:
        self.assertIn("by one file", self.found(net__a="#include <toml.hpp>\n", net__b="#include <toml.hpp>\n")[-1])

    def test_a_missing_table(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "ARCHITECTURE.md").write_text("")
            self.assertEqual(violations(Path(folder)), ["ARCHITECTURE.md has no dependency table"])


if __name__ == "__main__":
    unittest.main()
