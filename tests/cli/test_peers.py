# SPDX-License-Identifier: Apache-2.0
"""test_peers.py CAUSEWAY: peers come, change and go; what is printed for them is what other programs read."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from command import CAUSEWAY, NetworkTest, on_a_terminal, private_key, public_half, run, scanned

LONG_ROUTES = ", ".join(f'"10.{second}.{third}.0/24"' for second in (1, 2) for third in range(0, 255, 2))


class Add(NetworkTest):
    def test_prints_a_configuration_that_wg_quick_takes(self) -> None:
        printed = self.peer("add", "alice-laptop", "--user", "alice@example.com", "--groups", "dev,dba").stdout
        file = self.folder / "acme.conf"
        file.write_text(printed)
        stripped = subprocess.run(["wg-quick", "strip", str(file)], capture_output=True, text=True)
        self.assertEqual(stripped.returncode, 0, stripped.stderr)
        kept = [line for line in printed.splitlines() if not line.startswith("Address")]
        self.assertEqual([line for line in stripped.stdout.splitlines() if line], [line for line in kept if line])

    def test_keeps_the_private_key_nowhere(self) -> None:
        done = self.peer("add", "alice-laptop", "--user", "alice@example.com")
        private = private_key(done.stdout)
        self.assertEqual(self.value("alice-laptop", "public_key"), public_half(private))
        self.assertNotIn(private, done.stderr)
        for path in self.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(private, path.read_text())

    def test_leaves_a_network_without_mistakes(self) -> None:
        for number in range(5):
            self.peer("add", f"device-{number}")
        self.assertEqual(self.done("check", self.network).stderr, "")
        self.assertEqual(self.peer("stale").stdout, "every configuration that is known is current\n")

    def test_a_public_key_from_the_device_leaves_the_private_one_there(self) -> None:
        public = public_half(subprocess.run(["wg", "genkey"], capture_output=True, text=True).stdout)
        printed = self.peer("add", "bob-phone", "--public-key", public).stdout
        self.assertIn("# PrivateKey = (the device's own)\n", printed)
        self.assertEqual(self.value("bob-phone", "public_key"), public)
        self.refused("peer", "add", "b", "--network", self.network, "--public-key", public, "--qr",
                     says="nothing to scan", status=64)  # fmt: skip

    def test_a_configuration_that_cannot_be_handed_out_changes_nothing(self) -> None:
        self.peer("add", "alice-laptop")
        rotate = ("peer", "rotate", "alice-laptop", "--network", self.network)
        lost = self.folder / "missing/a.conf"
        self.refused(*rotate, "--output", lost, says="cannot create")
        self.refused(*rotate, "--output", self.folder / "a.conf", "--png", lost, says="cannot create")
        same = self.folder / "same"
        self.refused(*rotate, "--output", same, "--png", same, says="the same file", status=64)
        self.refused(*rotate, "--output", same, "--png", self.folder / "." / "acme" / ".." / "same", says="exist")
        before = self.content()
        with open("/dev/full", "w") as full:
            done = subprocess.run([CAUSEWAY, *map(str, rotate)], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.content(), before)

    def test_a_network_that_cannot_be_written_leaves_no_configuration(self) -> None:
        self.peer("add", "alice-laptop")
        gone = self.folder / "gone"
        gone.mkdir()
        before = self.content()
        # Its peers are on a file system that takes no writes.
        script = 'mount --bind "$1/peers" "$1/peers" && mount -o remount,ro,bind "$1/peers" && shift && exec "$@"'
        ours = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        done = subprocess.run(["unshare", *ours, "--mount", "sh", "-c", script, "sh", self.network, CAUSEWAY, "peer",
                               "rotate", "alice-laptop", "--network", self.network, "--output", gone / "a.conf"],
                              capture_output=True, text=True)  # fmt: skip
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("Read-only file system", done.stderr)
        self.assertEqual(self.content(), before)

    def test_waits_for_another_that_edits_the_network_and_says_so(self) -> None:
        directory = os.open(self.network, os.O_RDONLY)
        fcntl.flock(directory, fcntl.LOCK_EX)
        command = [CAUSEWAY, "peer", "add", "bob", "--network", str(self.network)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
            self.assertEqual(waiting.stderr.readline(), f"waiting for another command that edits {self.network}\n")
            self.assertFalse(self.peer_file("bob").exists())
            os.close(directory)
            waiting.communicate(timeout=60)
            self.assertEqual(waiting.returncode, 0)
        self.assertTrue(self.peer_file("bob").exists())

    def test_one_whose_time_is_up_is_said_to_be_let_in_by_nobody(self) -> None:
        said = self.peer("add", "bob", "--expires", "2020-01-31T18:00:00Z").stderr
        self.assertIn("note: its time was up at 2020-01-31T18:00:00Z", said)
        self.assertNotIn("its time", self.peer("add", "carol", "--expires", "2999-01-31T18:00:00Z").stderr)

    def test_a_private_key_is_not_written_into_a_network_directory(self) -> None:
        for option in ("--output", "--png"):
            self.refused("peer", "add", "bob", "--network", self.network, option, "bob.conf", says="no place for",
                         cwd=self.network / "sites")  # fmt: skip

    def test_what_is_wrong_writes_nothing(self) -> None:
        self.peer("add", "alice-laptop")
        for arguments, says in (
            (("alice-laptop",), "there is a peer"),
            (("UPPER",), "is not a name"),
            (("bob", "--sites", "lab"), "no site"),
            (("bob", "--gateway", "other"), "no gateway"),
            (("bob", "--public-key", "x"), "44 characters"),
            (("bob", "--public-key", self.value("alice-laptop", "public_key")), "used twice"),
            (("bob", "--output", str(self.key)), "is there already"),
        ):
            self.refused("peer", "add", *arguments, "--network", self.network, says=says)

    def test_platforms_differ_in_what_binds_them(self) -> None:
        self.assertIn("\nMTU = 1280\n", self.peer("add", "phone", "--for", "phone").stdout)
        self.assertNotIn("MTU", self.peer("add", "mac", "--for", "mac").stdout)
        only = self.peer("add", "old", "--ipv4-only", "--dns", "10.0.0.2", "--mtu", "1300").stdout
        self.assertEqual(only.count(":"), 1)
        self.assertIn("\nDNS = 10.0.0.2\nMTU = 1300\n", only)

    def test_a_line_end_in_an_option_makes_no_line(self) -> None:
        self.refused("peer", "add", "x", "--network", self.network, "--dns", "10.0.0.2\nPostUp = id",
                     says="no address", status=64)  # fmt: skip

    def test_a_new_file_is_the_owners_alone(self) -> None:
        file = self.folder / "acme.conf"
        self.assertEqual(self.peer("add", "alice-laptop", "--output", file).stdout, "")
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        self.assertEqual(public_half(private_key(file.read_text())), self.value("alice-laptop", "public_key"))


class QrCode(NetworkTest):
    def test_the_image_scans_to_the_text(self) -> None:
        image, file = self.folder / "code.png", self.folder / "code.conf"
        self.assertEqual(self.peer("add", "phone", "--for", "phone", "--png", image, "--output", file).stdout, "")
        self.assertEqual(scanned(image), file.read_text())
        self.assertEqual(image.stat().st_mode & 0o777, 0o600)

    def test_what_the_terminal_shows_scans_to_the_text(self) -> None:
        file = self.folder / "code.conf"
        status, shown = on_a_terminal(["peer", "add", "phone", "--network", self.network, "--qr", "--output", file])
        self.assertEqual(status, 0, shown)
        lines = re.findall(r"^\x1b\[40;97m([ ▀▄█]+)\x1b\[0m$", shown, re.MULTILINE)
        rows = []
        for line in lines:  # a light module is 0xff
            rows.append([0xFF if c in "▀█" else 0 for c in line])
            rows.append([0xFF if c in "▄█" else 0 for c in line])
        scale = 4
        pixels = b"".join(bytes(p for p in row for _ in range(scale)) * scale for row in rows)
        image = self.folder / "shown.pgm"
        image.write_bytes(b"P5 %d %d 255\n" % (len(rows[0]) * scale, len(rows) * scale) + pixels)
        self.assertEqual(scanned(image), file.read_text())

    def test_a_terminal_that_is_too_small_is_told_what_to_do(self) -> None:
        before = self.content()
        status, shown = on_a_terminal(["peer", "add", "phone", "--network", self.network, "--qr"], columns=60, lines=24)
        self.assertEqual(status, 1, shown)
        self.assertRegex(shown, r"the QR code takes \d+ columns and \d+ lines, and this terminal has 60 and 24")
        self.assertIn("--png FILE", shown)
        self.assertEqual(self.content(), before)

    def test_what_no_code_can_hold_is_told_what_to_do(self) -> None:
        site = self.network / "sites/office.toml"
        site.write_text(site.read_text().replace('"10.0.0.0/16"', LONG_ROUTES))
        self.refused("peer", "add", "phone", "--network", self.network, "--png", self.folder / "x.png",
                     says="a QR code at most 2900")  # fmt: skip


class Change(NetworkTest):
    def setUp(self) -> None:
        super().setUp()
        self.before = self.peer("add", "alice-laptop", "--user", "alice@example.com").stdout

    def annotate(self) -> None:
        file = self.peer_file("alice-laptop")
        file.write_text("# Alice's, since 2024\n" + file.read_text() + "# the end\n")

    def test_disable_and_enable_keep_comments(self) -> None:
        self.annotate()
        before = self.peer_file("alice-laptop").read_text()
        self.peer("disable", "alice-laptop")
        disabled = self.peer_file("alice-laptop").read_text()
        self.assertEqual(disabled.replace("enabled = false\n", ""), before)
        self.peer("enable", "alice-laptop")
        self.assertEqual(self.peer_file("alice-laptop").read_text(), disabled.replace("false", "true"))

    def test_rotate_changes_the_key_and_keeps_the_address(self) -> None:
        self.annotate()
        address = self.value("alice-laptop", "address")
        printed = self.peer("rotate", "alice-laptop").stdout
        self.assertNotEqual(private_key(printed), private_key(self.before))
        self.assertEqual(public_half(private_key(printed)), self.value("alice-laptop", "public_key"))
        self.assertEqual(self.value("alice-laptop", "address"), address)
        text = self.peer_file("alice-laptop").read_text()
        self.assertTrue(text.startswith("# Alice's, since 2024\n") and text.endswith("# the end\n"))

    def test_config_prints_it_again_without_the_key_and_changes_nothing(self) -> None:
        before = self.content()
        again = self.peer("config", "alice-laptop").stdout
        self.assertEqual(again, re.sub(r"(?m)^PrivateKey = .*$", "# PrivateKey = (the device's own)", self.before))
        self.assertEqual(self.content(), before)

    def test_config_makes_no_code_that_no_app_takes(self) -> None:
        self.refused("peer", "config", "alice-laptop", "--network", self.network, "--qr", says="nothing to scan",
                     status=64)  # fmt: skip

    def test_remove_leaves_a_tombstone(self) -> None:
        address, public = self.value("alice-laptop", "address"), self.value("alice-laptop", "public_key")
        self.peer("remove", "alice-laptop")
        self.assertFalse(self.peer_file("alice-laptop").exists())
        self.assertIn('name = "alice-laptop"', (self.network / f"removed/{address}.toml").read_text())
        self.done("check", self.network)
        self.refused("peer", "add", "again", "--network", self.network, "--public-key", public, says="was a removed")

    def test_a_name_that_is_none_is_told_the_nearest(self) -> None:
        for verb in ("disable", "remove", "rotate", "show", "config"):
            self.refused("peer", verb, "alice-latpop", "--network", self.network, says="did you mean `alice-laptop`")

    def test_list_and_show_say_who_there_is(self) -> None:
        self.peer("add", "bob-phone")
        self.peer("disable", "bob-phone")
        table = self.peer("list").stdout.splitlines()
        self.assertEqual(table[0].split(), "PEER USER ADDRESS HOME SITES STATE CONFIGURATION".split())
        self.assertRegex(table[1], r"^alice-laptop +alice@example.com +100\.83\.\S+ +main +office +enabled +current$")
        shown = json.loads(self.peer("show", "bob-phone", "--json").stdout)
        self.assertEqual((shown["name"], shown["state"]), ("bob-phone", "disabled"))
        self.assertEqual([each["name"] for each in json.loads(self.peer("list", "--json").stdout)],
                         ["alice-laptop", "bob-phone"])  # fmt: skip

    def test_a_second_site_is_reached_after_the_configuration_is_issued_again(self) -> None:
        (self.network / "sites/lab.toml").write_text(
            'id = 2\nroutes = ["10.9.0.0/16"]\n[[router]]\nname = "router-l"\n'
        )
        self.done("gateway", "add", "lab", "--network", self.network, "--site", "lab", "--endpoint", "192.0.2.9:443")
        self.assertRegex(self.peer("stale").stdout, r"alice-laptop +alice@example.com +works, lacks site lab")
        printed = self.peer("rotate", "alice-laptop", "--sites", "all").stdout
        self.assertIn("10.9.0.0/16", printed)
        self.assertEqual(printed.count("[Peer]"), 2)
        self.assertEqual(self.peer("stale").stdout, "every configuration that is known is current\n")

    def test_who_must_import_again_is_an_exit_status(self) -> None:
        site = self.network / "sites/office.toml"
        site.write_text(site.read_text().replace("198.51.100.10", "203.0.113.9"))
        stale = run("peer", "stale", "--network", self.network)
        self.assertEqual(stale.returncode, 2)
        self.assertIn("must be renewed", stale.stdout)
        self.peer("config", "alice-laptop", "--issue")
        self.assertEqual(run("peer", "stale", "--network", self.network).returncode, 0)


class TwoBranches(NetworkTest):
    def git(self, *arguments: str, check: bool = True) -> int:
        command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *arguments]
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
        done = subprocess.run(command, cwd=self.network, capture_output=True, text=True, env=environment)
        if check:
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.returncode

    def setUp(self) -> None:
        super().setUp()
        self.git("init", "-q", "-b", "main")
        self.git("add", "-A")
        self.git("commit", "-qm", "begin")

    def add_in_branch(self, branch: str, name: str) -> None:
        self.git("checkout", "-qb", branch, "main")
        self.peer("add", name)
        self.git("add", "-A")
        self.git("commit", "-qm", name)

    def test_merge_to_a_network_without_mistakes(self) -> None:
        self.add_in_branch("a", "alice-laptop")
        self.add_in_branch("b", "bob-phone")
        self.git("merge", "-q", "a")
        self.assertEqual(self.done("check", self.network).stdout.split(": ")[1], "1 site, 1 gateway, 2 peers\n")

    def test_that_took_one_address_are_refused_by_check(self) -> None:
        self.add_in_branch("a", "alice-laptop")
        address = self.value("alice-laptop", "address")
        self.add_in_branch("b", "bob-phone")
        file = self.peer_file("bob-phone")
        file.write_text(file.read_text().replace(self.value("bob-phone", "address"), address))
        self.git("commit", "-qam", "by chance")
        self.git("merge", "-q", "a")
        checked = run("check", self.network)
        self.assertEqual(checked.returncode, 1)
        self.assertIn(f"the address {address} is given twice", checked.stderr)


if __name__ == "__main__":
    unittest.main()
