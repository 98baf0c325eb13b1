# SPDX-License-Identifier: Apache-2.0
"""Debian's minisign verifies what causeway signs, and the other way round; and what becomes of secrets.

usage: test_minisign.py CAUSEWAY
"""

from __future__ import annotations

import os
import pty
import select
import unittest
from pathlib import Path

from network import CAUSEWAY, InAFolder

COMMENT = "four lines of a minisign signature, then what it signs"
STATEMENT = "causeway netmap serial=5 network=fd5e:3a1c:9b04::/48 time=2026-11-28T13:00:00Z revocations=0"
PASSPHRASE = "correct horse battery"


class Minisign(InAFolder):
    def setUp(self) -> None:
        super().setUp()
        self.write_network()
        self.causeway("netmap", "build", "net", "-o", "body")
        self.write("passphrase", PASSPHRASE + "\n")

    def test_verifies_what_causeway_signed(self) -> None:
        self.keygen("key")
        self.causeway("netmap", "sign", "body", "--key", "key", "--serial", "5", "--confirm", "10m")
        said = self.run_("minisign", "-V", "-p", "key.pub", "-m", "body")
        self.assertIn("serial=5", said)
        self.assertIn("confirm=600", said)

    def test_verifies_what_was_published_cut_in_two(self) -> None:
        self.keygen("key")
        self.causeway("netmap", "publish", "net", "netmap.signed", "--key", "key")
        self.run_("sh", "-c", "head -n 4 netmap.signed >signature; tail -n +5 netmap.signed >cut")
        self.run_("minisign", "-V", "-p", "key.pub", "-m", "cut", "-x", "signature")
        self.assertEqual(self.read("cut"), self.read("body"))

    def test_signs_with_an_encrypted_key_of_causeway(self) -> None:
        self.causeway("netmap", "keygen", "key", "--passphrase-file", "passphrase")
        self.assertIn("encrypted secret key", self.read("key"))
        sign = ("minisign", "-S", "-s", "key", "-m", "body", "-c", COMMENT, "-t", STATEMENT)
        self.run_(*sign, stdin=PASSPHRASE + "\n")
        self.assertIn("serial 5", self.causeway("netmap", "verify", "body", "--trust", "key.pub"))

    def test_lends_causeway_its_encrypted_key(self) -> None:
        self.run_("minisign", "-G", "-p", "key.pub", "-s", "key", stdin=f"{PASSPHRASE}\n{PASSPHRASE}\n")
        sign = ("netmap", "sign", "body", "--key", "key", "--serial", "5", "--passphrase-file")
        self.causeway(*sign, "passphrase")
        self.run_("minisign", "-V", "-p", "key.pub", "-m", "body")
        self.write("wrong", "incorrect\n")
        said = self.causeway(*sign, "wrong", status=1)
        self.assertIn("not the passphrase", said)
        self.assertNotIn("incorrect", said)

    def test_makes_bundles_of_both_kinds_that_causeway_takes(self) -> None:
        self.run_("minisign", "-G", "-W", "-p", "key.pub", "-s", "key")
        os.chmod(self.folder / "key", 0o600)
        for legacy in ((), ("-l",)):
            self.run_("minisign", "-S", *legacy, "-s", "key", "-m", "body", "-c", COMMENT, "-t", STATEMENT)
            self.write("bundle", self.read("body.minisig") + self.read("body"))
            self.assertIn("serial 5", self.causeway("netmap", "verify", "bundle", "--trust", "key.pub"))


class Secrets(InAFolder):
    def test_a_key_is_never_overwritten(self) -> None:
        self.keygen("key")
        before = self.read("key")
        self.assertIn("exists", self.causeway("netmap", "keygen", "key", "--no-passphrase", status=1))
        (self.folder / "key.pub").unlink()
        self.causeway("netmap", "keygen", "key", "--no-passphrase", status=1)
        self.assertEqual(self.read("key"), before)

    def test_a_key_file_is_the_owners_alone(self) -> None:
        self.keygen("key")
        self.assertEqual((self.folder / "key").stat().st_mode & 0o777, 0o600)
        self.write_network()
        os.chmod(self.folder / "key", 0o640)
        said = self.causeway("netmap", "publish", "net", "out", "--key", "key", status=1)
        self.assertIn("chmod 0600", said)

    def test_nothing_but_the_key_file_holds_the_key(self) -> None:
        self.write_network(self.keygen("key"))
        secret = self.read("key").splitlines()[1]
        said = self.causeway("netmap", "publish", "net", "out", "--key", "key")
        said += self.causeway("revoke", "alice", "--target", "out", "--key", "key")
        # The half of its base64 that holds the seed.
        half = secret[84:120]
        self.assertNotIn(half, said)
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "key":
                self.assertNotIn(half, path.read_text(), path)

    def test_a_passphrase_is_asked_for_at_the_terminal_and_not_shown(self) -> None:
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execv(CAUSEWAY, [str(CAUSEWAY), "netmap", "keygen", "key"])
        shown = self.shown_until(terminal, b"Passphrase for key: ")
        limits = Path(f"/proc/{pid}/limits").read_text()
        self.assertRegex(limits, r"Max core file size +0 +0 ")
        os.write(terminal, PASSPHRASE.encode() + b"\n")
        shown += self.shown_until(terminal, b"same again: ")
        os.write(terminal, b"something else\n")
        shown += self.shown_until(terminal, b"not the same")
        self.assertNotIn(b"horse", shown)
        self.assertNotIn(b"something", shown)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 1)
        self.assertFalse((self.folder / "key").exists())

    def shown_until(self, terminal: int, what: bytes) -> bytes:
        shown = b""
        while what not in shown:
            self.assertTrue(select.select([terminal], [], [], 60)[0], shown)
            shown += os.read(terminal, 4096)
        return shown


if __name__ == "__main__":
    unittest.main()
