# SPDX-License-Identifier: Apache-2.0
"""Publishing to a file: serials, what is refused, confirming, going back, revoking.

usage: test_publishing.py CAUSEWAY
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
import time
import unittest
from pathlib import Path

from network import ALICE_KEY, BOB_KEY, CAUSEWAY, InAFolder

SERVER = Path(__file__).parents[2] / "lab/https_server.py"


class Publishing(InAFolder):
    def setUp(self) -> None:
        super().setUp()
        self.daily = self.keygen("daily")
        self.recovery = self.keygen("recovery")
        self.write_network(self.daily, self.recovery)

    def publish(self, *more: str, key: str = "daily", status: int = 0) -> str:
        return self.causeway("netmap", "publish", "net", "out", "--key", key, *more, status=status)

    def statement(self, name: str = "out") -> str:
        return self.read(name).splitlines()[2]

    def test_two_builds_are_the_same_bytes_and_hold_no_serial(self) -> None:
        first = self.causeway("netmap", "build", "net")
        self.assertEqual(self.causeway("netmap", "build", "net"), first)
        self.publish()
        self.assertEqual(self.read("out").split("\n", 4)[4], first)

    def test_counts_and_keeps_what_it_replaced(self) -> None:
        self.publish()
        self.assertIn(" serial=1 ", self.statement())
        self.assertIn("nothing to publish", self.publish())
        first = self.read("out")
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.assertIn("+ bob (100.83.0.6)", self.publish())
        self.assertIn(" serial=2 ", self.statement())
        self.assertEqual(self.read("out.previous"), first)

    def test_a_directory_with_a_mistake_is_not_published(self) -> None:
        self.write_peer("bob", ALICE_KEY, "100.83.0.6")
        self.assertIn("this public key is used twice", self.publish(status=1))
        self.assertFalse((self.folder / "out").exists())

    def test_clients_are_not_broken_by_accident(self) -> None:
        self.publish()
        self.write_network(self.daily, self.recovery, endpoint="new.example.com")
        self.assertIn("1 client would lose the network", self.publish(status=1))
        self.assertIn(" serial=1 ", self.statement())
        self.publish("--reissue")
        self.assertIn(" serial=2 ", self.statement())

    def test_a_provisional_one_is_confirmed_by_signing_it_anew(self) -> None:
        self.publish()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish("--confirm", "10m")
        self.assertTrue(self.statement().endswith(" confirm=600"))
        previous = self.read("out.previous")
        self.causeway("netmap", "confirm", "out", "--key", "daily")
        self.assertIn(" serial=3 ", self.statement())
        self.assertNotIn("confirm", self.statement())
        self.assertEqual(self.read("out.previous"), previous)
        self.assertIn("nothing to confirm", self.causeway("netmap", "confirm", "out", "--key", "daily"))

    def test_rollback_publishes_what_was_there_before(self) -> None:
        self.publish()
        first = self.read("out").splitlines()[4]
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish()
        said = self.rollback(yes=False, status=1)
        self.assertIn("- bob", said)
        self.assertRegex(said, r"from serial 2 of 20\S+Z to serial 1 of 20\S+Z")
        self.assertIn(" serial=2 ", self.statement())
        self.rollback()
        self.assertIn(" serial=3 ", self.statement())
        self.assertEqual(self.read("out").splitlines()[4], first)

    def rollback(self, yes: bool = True, status: int = 0) -> str:
        words = ("netmap", "rollback", "out", "--key", "recovery", "--trust", "daily.pub")
        return self.causeway(*words, *(("--yes",) if yes else ()), status=status)

    def test_rollback_does_not_take_a_newer_one_for_the_one_before(self) -> None:
        self.publish()
        self.write("out.previous", self.read("out"))
        self.assertIn("nothing to go back to", self.rollback(status=1))

    def test_rollback_goes_to_the_last_one_that_was_no_trial(self) -> None:
        self.publish()
        first = self.read("out")
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish("--confirm", "1s")
        self.write_peer("bob", BOB_KEY, "100.83.0.6", "enabled = false\n")
        self.publish()
        self.assertEqual(self.read("out.previous"), first)

    def test_a_trial_of_the_same_network_hides_nothing_from_rollback(self) -> None:
        self.publish()
        first = self.read("out")
        self.publish("--confirm", "10m")
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish()
        self.assertEqual(self.read("out.previous"), first)

    def test_what_was_replaced_unseen_is_not_gone_back_to(self) -> None:
        self.publish()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish()
        self.write("out", "lost")
        self.publish("--serial", "9")
        self.assertIn("nothing to go back to", self.rollback(status=1))

    def test_a_trial_that_nobody_confirmed_is_published_anew(self) -> None:
        self.publish()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish("--confirm", "1s")
        while self.is_on_trial():
            time.sleep(0.1)  # the time that is signed is what is tested
        self.assertIn("published serial 3", self.publish("--confirm", "10m"))

    def is_on_trial(self) -> bool:
        signed = re.search(r"time=(\S+)", self.statement())
        assert signed
        began = datetime.datetime.fromisoformat(signed[1].replace("Z", "+00:00"))
        return datetime.datetime.now(datetime.timezone.utc) <= began + datetime.timedelta(seconds=1)

    def test_the_first_one_is_no_trial(self) -> None:
        self.assertIn("nothing that routers could go back to", self.publish("--confirm", "10m", status=1))
        self.assertFalse((self.folder / "out").exists())

    def test_of_two_publishers_one_is_told(self) -> None:
        self.publish()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        command = (str(CAUSEWAY), "netmap", "publish", "net", "out", "--key", "daily")
        both = [
            subprocess.Popen(command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for _ in range(2)
        ]
        said = [one.communicate(timeout=120)[0] for one in both]
        self.assertEqual(sum("published serial 2 " in each for each in said), 1, said)
        self.assertEqual(sum("in the meantime" in each or "nothing to publish" in each for each in said), 1, said)

    def test_a_serial_that_nothing_can_follow_is_refused(self) -> None:
        for serial in ("0", "9007199254740993", "18446744073709551615", "1e3"):
            said = self.publish("--serial", serial, status=64)
            self.assertIn("a serial is a whole number from 1 to 9007199254740992", said)

    def test_a_stranger_may_not_publish(self) -> None:
        self.publish()
        self.keygen("stranger")
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.assertIn("no router would take it", self.publish(key="stranger", status=1))

    def test_whoever_locks_out_their_own_key_is_told(self) -> None:
        self.publish()
        self.write_network(self.recovery)
        said = self.causeway("netmap", "diff", "out", "net", status=2)
        self.assertIn("this locks out the key that publishes it", said)
        self.assertIn("this locks out the key that publishes it", self.publish(status=1))

    def test_a_file_of_somebody_else_is_not_replaced(self) -> None:
        self.write("out", "notes to keep\n")
        self.publish(status=1)
        self.assertEqual(self.read("out"), "notes to keep\n")

    def test_what_was_altered_at_the_target_is_not_signed_again(self) -> None:
        self.publish()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish("--confirm", "60")
        self.write("out", self.read("out").replace("100.83.0.6", "100.83.0.7"))
        self.assertIn("altered", self.causeway("netmap", "confirm", "out", "--key", "daily", status=1))


class Revoking(InAFolder):
    def setUp(self) -> None:
        super().setUp()
        self.daily = self.keygen("daily")
        self.pager = self.keygen("pager")
        self.write_network(self.daily, revokers=(self.pager,))
        self.causeway("netmap", "publish", "net", "out", "--key", "daily")

    def revoke(self, *more: str, peer: str = "alice", key: str = "pager", status: int = 0) -> str:
        return self.causeway("revoke", peer, "--target", "out", "--key", key, *more, status=status)

    def serial(self) -> int:
        found = re.search(r"revocations serial=(\d+) ", self.read("out.revoked"))
        assert found
        return int(found[1])

    def acknowledged(self) -> int:
        found = re.search(r" revocations=(\d+)", self.read("out"))
        assert found
        return int(found[1])

    def publish(self) -> str:
        return self.causeway("netmap", "publish", "net", "out", "--key", "daily")

    def test_needs_no_key_that_may_publish(self) -> None:
        self.revoke()
        self.assertIn(ALICE_KEY, self.read("out.revoked"))
        self.assertIn("already", self.revoke())
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        said = self.causeway("netmap", "publish", "net", "out", "--key", "pager", status=1)
        self.assertIn("no router would take it", said)

    def test_holds_until_a_netmap_locks_the_peer_out(self) -> None:
        self.revoke()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.assertIn("the revocation of alice stays in force", self.publish())
        self.assertEqual(self.acknowledged(), self.serial() - 1)
        self.write_peer("alice", ALICE_KEY, "100.83.0.5", "enabled = false\n")
        self.publish()
        self.assertEqual(self.acknowledged(), self.serial())

    def test_does_not_lapse_with_the_right_of_whoever_revoked(self) -> None:
        self.revoke()
        self.write_network(self.daily)
        said = self.causeway("netmap", "publish", "net", "out", "--key", "daily", status=1)
        self.assertIn("it would let alice in again", said)
        self.write_peer("alice", ALICE_KEY, "100.83.0.5", "enabled = false\n")
        self.publish()
        self.assertEqual(self.acknowledged(), self.serial())

    def test_holds_through_a_rollback(self) -> None:
        self.revoke()
        self.write_peer("alice", ALICE_KEY, "100.83.0.5", "enabled = false\n")
        self.publish()
        self.causeway("netmap", "rollback", "out", "--key", "daily", "--yes")
        self.assertEqual(self.acknowledged(), self.serial() - 1)

    def test_is_taken_back_by_name(self) -> None:
        self.revoke()
        first = self.serial()
        self.revoke("--restore", key="daily")
        self.assertIn('"revoked":[]', self.read("out.revoked"))
        self.assertEqual(self.serial(), first + 1)
        self.assertIn("not revoked", self.revoke("--restore", key="daily", status=1))

    def test_a_revoker_lets_nobody_in_again(self) -> None:
        self.revoke()
        self.assertIn("only locks out", self.revoke("--restore", status=1))
        self.assertIn(ALICE_KEY, self.read("out.revoked"))

    def test_a_revoker_does_not_end_the_serials(self) -> None:
        self.assertIn("too far above", self.revoke("--serial", "9007199254740992", status=1))

    def test_a_list_that_was_lost_is_begun_above_it(self) -> None:
        self.assertIn("there was no list", self.revoke())
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.publish()
        self.assertNotIn("there was no list", self.revoke(peer="bob"))
        before = self.serial()
        (self.folder / "out.revoked").unlink()
        while time.time() < before:
            time.sleep(0.1)  # the list of the same second was changed once
        self.assertIn("there was no list", self.revoke())
        self.assertGreaterEqual(self.serial(), before)

    def test_two_who_revoke_at_once_both_do(self) -> None:
        peers = {f"peer-{number}": f"{chr(100 + number)}PxGwq8zERHQ3Q1cOZFdJ+cvJX5Ka4mLN38AyYKYF10=" for number in range(4)}
        for number, (name, key) in enumerate(peers.items()):
            self.write_peer(name, key, f"100.83.0.{10 + number}")
        self.publish()
        said = [
            subprocess.Popen(
                (str(CAUSEWAY), "revoke", name, "--target", "out", "--key", "pager"),
                cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for name in peers
        ]  # fmt: skip
        for one in said:
            self.assertEqual((one.communicate(timeout=120)[0].count("is revoked:"), one.returncode), (1, 0))
        for key in peers.values():
            self.assertIn(key, self.read("out.revoked"))

    def test_an_unknown_peer_is_an_error(self) -> None:
        self.assertIn("no peer carol", self.revoke(peer="carol", status=1))


class OverHttp(InAFolder):
    def setUp(self) -> None:
        super().setUp()
        self.write_network(self.keygen("daily"))
        (self.folder / "www").mkdir()
        command = (sys.executable, str(SERVER), "www", "--plain")
        server = subprocess.Popen(command, cwd=self.folder, text=True, stdout=subprocess.PIPE)
        self.addCleanup(server.communicate)
        self.addCleanup(server.kill)
        assert server.stdout
        self.url = f"http://127.0.0.1:{server.stdout.readline().split()[1]}/out"

    def publish(self, status: int = 0) -> str:
        return self.causeway("netmap", "publish", "net", self.url, "--key", "daily", status=status)

    def test_what_a_server_takes_is_what_it_gives(self) -> None:
        self.publish()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        first = self.read("www/out")
        self.assertIn("published serial 2", self.publish())
        self.assertEqual(self.read("www/out.previous"), first)

    def test_a_server_that_only_says_yes_is_not_believed(self) -> None:
        self.publish()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.write("www/out.behaviour", "believe")
        self.assertIn("but it gives something else", self.publish(status=1))


if __name__ == "__main__":
    unittest.main()
