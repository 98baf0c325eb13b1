# SPDX-License-Identifier: Apache-2.0
"""Publishing to a file: serials, what is refused, confirming, going back, revoking.

usage: test_publishing.py CAUSEWAY
"""

from __future__ import annotations

import unittest

from network import ALICE_KEY, BOB_KEY, InAFolder


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
        self.assertIn("- bob", self.causeway("netmap", "rollback", "out", "--key", "recovery", "--trust", "daily.pub"))
        self.assertIn(" serial=3 ", self.statement())
        self.assertEqual(self.read("out").splitlines()[4], first)

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
        self.write_network(self.daily, revokers=(self.keygen("pager"),))
        self.causeway("netmap", "publish", "net", "out", "--key", "daily")

    def revoke(self, *more: str, peer: str = "alice", status: int = 0) -> str:
        return self.causeway("revoke", peer, "--target", "out", "--key", "pager", *more, status=status)

    def publish(self) -> str:
        return self.causeway("netmap", "publish", "net", "out", "--key", "daily")

    def test_needs_no_key_that_may_publish(self) -> None:
        self.revoke()
        self.assertIn(ALICE_KEY, self.read("out.revoked"))
        self.assertIn("revocations serial=1 ", self.read("out.revoked"))
        self.assertIn("already", self.revoke())
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        said = self.causeway("netmap", "publish", "net", "out", "--key", "pager", status=1)
        self.assertIn("no router would take it", said)

    def test_holds_until_a_netmap_locks_the_peer_out(self) -> None:
        self.revoke()
        self.write_peer("bob", BOB_KEY, "100.83.0.6")
        self.assertIn("the revocation of alice stays in force", self.publish())
        self.assertIn(" revocations=0", self.read("out"))
        self.write_peer("alice", ALICE_KEY, "100.83.0.5", "enabled = false\n")
        self.publish()
        self.assertIn(" revocations=1", self.read("out"))

    def test_does_not_lapse_with_the_right_of_whoever_revoked(self) -> None:
        self.revoke()
        self.write_network(self.daily)
        said = self.causeway("netmap", "publish", "net", "out", "--key", "daily", status=1)
        self.assertIn("it would let alice in again", said)
        self.write_peer("alice", ALICE_KEY, "100.83.0.5", "enabled = false\n")
        self.publish()
        self.assertIn(" revocations=1", self.read("out"))

    def test_holds_through_a_rollback(self) -> None:
        self.revoke()
        self.write_peer("alice", ALICE_KEY, "100.83.0.5", "enabled = false\n")
        self.publish()
        self.causeway("netmap", "rollback", "out", "--key", "daily")
        self.assertIn(" revocations=0", self.read("out"))

    def test_is_taken_back_by_name(self) -> None:
        self.revoke()
        self.revoke("--restore")
        self.assertIn('"revoked":[]', self.read("out.revoked"))
        self.assertIn("serial=2 ", self.read("out.revoked"))
        self.assertIn("not revoked", self.revoke("--restore", status=1))

    def test_an_unknown_peer_is_an_error(self) -> None:
        self.assertIn("no peer carol", self.revoke(peer="carol", status=1))


if __name__ == "__main__":
    unittest.main()
