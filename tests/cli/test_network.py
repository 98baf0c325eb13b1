# SPDX-License-Identifier: Apache-2.0
"""test_network.py CAUSEWAY: a network is begun, and its keys stay out of it."""

from __future__ import annotations

import json
import subprocess
import unittest
from pathlib import Path

from command import ENDPOINT, NetworkTest, on_a_terminal, public_half, run


class Init(NetworkTest):
    def test_what_it_writes_has_no_mistake_and_no_warning(self) -> None:
        made = self.folder / "next"
        self.done("network", "init", made, "--no-passphrase", "--routes", "10.0.0.0/16,2001:db8:1::/48")
        checked = self.done("check", made)
        self.assertEqual(checked.stderr, "")
        text = (made / "network.toml").read_text()
        self.assertRegex(text, r'(?m)^pool = "100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.0\.0/16"$')
        self.assertRegex(text, r'(?m)^ula = "fd[0-9a-f]{2}:[0-9a-f:]+::/48"$')
        self.assertRegex(text, r'(?m)^signers = \["RW[^"]+", "RW[^"]+"\]$')

    def test_two_networks_have_other_addresses(self) -> None:
        texts = []
        for name in ("a", "b"):
            self.done("network", "init", self.folder / name, "--no-keys", "--name", "same")
            texts.append((self.folder / name / "network.toml").read_text())
        self.assertNotEqual(*texts)

    def test_its_signing_keys_are_outside_and_minisign_takes_them(self) -> None:
        made = self.folder / "next"
        self.done("network", "init", made, "--no-passphrase")
        for which in ("daily", "recovery"):
            key = self.folder / "next-keys" / f"next-{which}.key"
            self.assertEqual(key.stat().st_mode & 0o777, 0o600)
            public = subprocess.run(["minisign", "-R", "-s", str(key), "-p", f"{key}.again"], capture_output=True)
            self.assertEqual(public.returncode, 0, public.stderr)
            line = (self.folder / "next-keys" / f"next-{which}.key.again").read_text().splitlines()[1]
            self.assertIn(line, (made / "network.toml").read_text())

    def test_it_begins_nothing_twice(self) -> None:
        self.refused("network", "init", self.network, says="is there already")
        made = self.folder / "next"
        self.done("network", "init", made, "--no-passphrase")
        (made / "network.toml").unlink()
        self.refused("network", "init", made, "--no-passphrase", says="never overwritten")

    def test_keys_in_the_directory_are_refused(self) -> None:
        made = self.folder / "next"
        self.refused("network", "init", made, "--keys", made / "keys", "--no-passphrase", says="no place for")

    def test_begun_in_the_folder_itself_the_keys_are_beside_it(self) -> None:
        made = self.folder / "next"
        made.mkdir()
        self.done("network", "init", ".", "--no-passphrase", cwd=made)
        self.assertEqual(sorted(path.name for path in made.iterdir()), ["network.toml", "sites"])
        self.assertTrue((self.folder / "next-keys/next-daily.key").exists())

    def test_keys_in_the_directory_are_refused_by_any_name(self) -> None:
        (self.folder / "next").mkdir()
        for keys in ("keys", "./keys", ".", "../next/keys"):
            self.refused("network", "init", ".", "--keys", keys, "--no-passphrase", says="no place for",
                         cwd=self.folder / "next")  # fmt: skip

    def test_names_that_lead_nowhere_are_errors(self) -> None:
        (self.folder / "loop").symlink_to("loop")
        for name in ("loop/x", 300 * "x"):
            self.refused("network", "init", self.folder / name, "--no-passphrase", says="error: ")

    def test_a_wrong_answer_leaves_no_key_behind(self) -> None:
        for arguments in (("--name", "UPPER"), ("--routes", "0.0.0.0/0"), ("--routes", "x"), ("--pool", "10.0.0.0/4")):
            self.refused("network", "init", self.folder / "next", "--no-passphrase", *arguments, says="error")

    def test_it_asks_on_a_terminal(self) -> None:
        made = self.folder / "next"
        typed = "corp\nlab\n10.1.0.0/16, 10.2.0.0/16\n\n" + 4 * "correct horse\n"
        status, shown = on_a_terminal(["network", "init", made], typed)
        self.assertEqual(status, 0, shown)
        self.assertNotIn("horse", shown)
        self.assertIn('name = "corp"', (made / "network.toml").read_text())
        self.assertIn('routes = ["10.1.0.0/16", "10.2.0.0/16"]', (made / "sites/lab.toml").read_text())

    def test_two_different_passphrases_make_nothing(self) -> None:
        made = self.folder / "next"
        status, shown = on_a_terminal(["network", "init", made], "\n\n\n\none passphrase\nanother one\n")
        self.assertEqual(status, 1, shown)
        self.assertFalse(made.exists())

    def test_a_typing_mistake_at_the_second_key_makes_nothing_and_another_try_all(self) -> None:
        made = self.folder / "next"
        before = self.content()
        right = "\n\n\n\n" + 2 * "one passphrase\n"
        status, shown = on_a_terminal(["network", "init", made], right + "two passphrases\nanother\n")
        self.assertEqual(status, 1, shown)
        self.assertEqual(self.content(), before)
        status, shown = on_a_terminal(["network", "init", made], right + 2 * "two passphrases\n")
        self.assertEqual(status, 0, shown)

    def test_what_cannot_be_finished_is_taken_back(self) -> None:
        made = self.folder / "next"
        (made / "sites").mkdir(parents=True)
        (made / "sites/office.toml").write_text("mine\n")
        self.refused("network", "init", made, "--no-passphrase", says="office.toml")
        self.assertFalse((self.folder / "next-keys").exists())

    def test_who_leaves_at_a_passphrase_has_the_terminal_as_it_was(self) -> None:
        interrupt = "\x03"
        script = 'trap : INT; "$@"; stty -a'
        status, shown = on_a_terminal(["netmap", "keygen", self.folder / "next.key"], interrupt + "\n",
                                      through=["sh", "-c", script, "sh"])  # fmt: skip
        self.assertEqual(status, 0, shown)
        self.assertRegex(shown, r"[^-]\becho\b")
        self.assertFalse((self.folder / "next.key").exists())


class Gateway(NetworkTest):
    def test_its_private_key_is_in_the_file_and_nowhere_else(self) -> None:
        private = self.key.read_text().strip()
        self.assertEqual(self.key.stat().st_mode & 0o7, 0)
        site = (self.network / "sites/office.toml").read_text()
        self.assertIn(f'public_key = "{public_half(private)}"', site)
        for path in self.network.rglob("*.toml"):
            self.assertNotIn(private, path.read_text())

    def give_main_half_of_the_pool(self) -> Path:
        site = self.network / "sites/office.toml"
        site.write_text(site.read_text().replace("address =", 'block = "100.83.0.0/17"\naddress ='))
        return site

    def test_without_a_file_it_is_printed_and_nothing_else_is(self) -> None:
        site = self.give_main_half_of_the_pool()
        done = self.done("gateway", "add", "second", "--network", self.network, "--site", "office", "--endpoint",
                         "198.51.100.10:51821", "--block", "100.83.128.0/17")  # fmt: skip
        self.assertIn(public_half(done.stdout), site.read_text())

    def test_the_sites_file_keeps_what_people_wrote(self) -> None:
        site = self.network / "sites/office.toml"
        before = site.read_text()
        self.assertTrue(before.startswith("# A site"))
        self.done("network", "init", self.folder / "b", "--no-keys")
        other = self.folder / "b/sites/office.toml"
        text = "# mine\nid   =  1 # one\n\n[[router]]\nname='r' # r\n"
        other.write_text(text)
        self.done("gateway", "add", "main", "--network", self.folder / "b", "--site", "office", "--endpoint", ENDPOINT)
        self.assertTrue(other.read_text().startswith(text))

    def test_a_key_in_the_directory_is_refused(self) -> None:
        self.refused("gateway", "add", "other", "--network", self.network, "--site", "office", "--endpoint", ENDPOINT,
                     "--private-key", self.network / "x.key", says="no place for")  # fmt: skip

    def test_a_key_in_the_directory_is_refused_by_a_relative_name(self) -> None:
        for name, where in (("x.key", self.network), ("acme/x.key", self.folder), ("../x.key", self.network / "sites")):
            self.refused("gateway", "add", "other", "--network", self.network, "--site", "office", "--endpoint", ENDPOINT,
                         "--private-key", name, says="no place for", cwd=where)  # fmt: skip

    def test_a_signing_key_in_the_directory_is_refused(self) -> None:
        self.refused("netmap", "keygen", "x.key", "--no-passphrase", says="no place for", cwd=self.network)

    def test_an_imported_key_in_a_network_directory_is_refused(self) -> None:
        word = self.folder / "passphrase"
        word.write_text("correct horse\n")
        sealed = self.folder / "sealed"
        self.done("gateway", "export", "main", "--network", self.network, "--private-key", self.key, "--output", sealed,
                  "--passphrase-file", word)  # fmt: skip
        self.refused("gateway", "import", sealed, "--passphrase-file", word, "--private-key", "x.key",
                     says="no place for", cwd=self.network)  # fmt: skip

    def test_a_key_is_never_overwritten(self) -> None:
        self.give_main_half_of_the_pool()
        self.refused("gateway", "add", "other", "--network", self.network, "--site", "office", "--endpoint",
                     "198.51.100.10:51821", "--block", "100.83.128.0/17", "--private-key", self.key,
                     says="exists")  # fmt: skip

    def test_a_mistake_in_the_network_keeps_it_from_being_edited(self) -> None:
        (self.network / "network.toml").write_text("nonsense\n")
        self.refused("gateway", "add", "other", "--network", self.network, "--site", "office", "--endpoint", ENDPOINT,
                     says="not TOML")  # fmt: skip

    def test_what_would_be_a_mistake_leaves_no_key_behind(self) -> None:
        self.refused("gateway", "add", "other", "--network", self.network, "--site", "office", "--endpoint",
                     "198.51.100.10:51821", "--block", "100.83.0.0/17", "--private-key", self.folder / "other.key",
                     says="would have a mistake")  # fmt: skip

    def test_export_and_import_give_the_key_back(self) -> None:
        word = self.folder / "passphrase"
        word.write_text("correct horse\n")
        sealed = self.folder / "sealed"
        self.done("gateway", "export", "main", "--network", self.network, "--private-key", self.key, "--output", sealed,
                  "--passphrase-file", word)  # fmt: skip
        self.assertNotIn(self.key.read_text().strip(), sealed.read_text())
        opened = self.done("gateway", "import", sealed, "--passphrase-file", word)
        self.assertEqual(opened.stdout, self.key.read_text())
        word.write_text("wrong horse\n")
        self.refused("gateway", "import", sealed, "--passphrase-file", word, says="passphrase is wrong")

    def test_an_empty_passphrase_gets_no_advice_that_the_verb_lacks(self) -> None:
        word = self.folder / "passphrase"
        word.write_text("\n")
        done = run("gateway", "export", "main", "--network", self.network, "--private-key", self.key,
                   "--passphrase-file", word)  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (1, "error: the passphrase is empty\n"))

    def test_a_rotated_gateways_key_is_named_as_router_toml_must_name_it(self) -> None:
        said = self.done("gateway", "rotate", "main", "--network", self.network, "--private-key", "new.key",
                         cwd=self.folder).stderr  # fmt: skip
        self.assertIn(f'source = "{self.folder}/new.key"\n', said)

    def test_export_refuses_the_key_of_another(self) -> None:
        word = self.folder / "passphrase"
        word.write_text("correct horse\n")
        other = self.folder / "other.key"
        other.write_text(subprocess.run(["wg", "genkey"], capture_output=True, text=True, check=True).stdout)
        other.chmod(0o600)
        self.refused("gateway", "export", "main", "--network", self.network, "--private-key", other,
                     "--passphrase-file", word, says="is not the key of gateway")  # fmt: skip

    def test_a_passphrase_is_asked_for_twice_and_not_shown(self) -> None:
        sealed = self.folder / "sealed"
        command = ["gateway", "export", "main", "--network", self.network, "--private-key", self.key, "--output", sealed]
        status, shown = on_a_terminal(command, "correct horse\ncorrect horse\n")
        self.assertEqual(status, 0, shown)
        self.assertNotIn("horse", shown)
        self.assertIn("causeway gateway key 1\n", sealed.read_text())

    def test_the_help_offers_no_option_that_takes_a_secret(self) -> None:
        shown = run("--help-all").stdout
        self.assertNotRegex(shown, r"--(passphrase|secret-key|private) ")


class Rotation(NetworkTest):
    """A gateway with a new key stands beside `main` until its peers have moved, one by one."""

    def setUp(self) -> None:
        super().setUp()
        self.site = self.network / "sites/office.toml"
        self.new_key = self.folder / "main-2.key"
        self.peer("add", "alice", "--output", self.folder / "alice.conf")

    def rotate(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self.done("gateway", "rotate", "main", "--network", self.network, *arguments)

    def test_a_new_key_comes_beside_the_old_and_says_what_to_do_next(self) -> None:
        before = self.site.read_text()
        done = self.rotate("--private-key", self.new_key)
        text = self.site.read_text()
        self.assertTrue(text.startswith(before))
        added = text.removeprefix(before)
        self.assertIn('name = "main-2"\nreplaces = "main"\n', added)
        self.assertIn(f'public_key = "{public_half(self.new_key.read_text().strip())}"', added)
        self.assertIn('endpoint = "198.51.100.10:51821"\n', added)
        self.assertEqual(self.new_key.stat().st_mode & 0o7, 0)
        self.assertIn(f'gateway = "main-2"\n     source = "{self.new_key}"', done.stderr)
        self.assertIn("causeway peer stale", done.stderr)

    def test_a_key_in_the_directory_is_refused(self) -> None:
        self.refused("gateway", "rotate", "main", "--network", self.network, "--private-key", self.network / "x.key",
                     says="no place for")  # fmt: skip

    def test_what_would_be_a_mistake_leaves_no_key_behind(self) -> None:
        self.refused("gateway", "rotate", "main", "--network", self.network, "--private-key", self.new_key,
                     "--endpoint", ENDPOINT, says="would have a mistake")  # fmt: skip

    def test_it_is_retired_when_the_peers_have_moved_and_not_before(self) -> None:
        self.rotate("--private-key", self.new_key)
        self.refused("gateway", "retire", "main", "--network", self.network, says="`main-2`: alice")
        stale = run("peer", "stale", "--network", self.network)
        self.assertIn("works, lacks gateway main-2", stale.stdout)
        self.assertEqual(stale.returncode, 0)
        self.peer("config", "alice", "--issue")
        self.assertEqual(run("peer", "stale", "--network", self.network).returncode, 0)
        self.done("gateway", "retire", "main", "--network", self.network)
        text = self.site.read_text()
        self.assertNotIn("replaces", text)
        self.assertEqual(text.count("[[gateway]]"), 1)
        self.assertEqual(self.value("alice", "home"), "main-2")
        self.assertEqual(run("peer", "stale", "--network", self.network).returncode, 0)

    def test_who_has_not_moved_is_locked_out_only_by_the_word_for_it(self) -> None:
        self.rotate("--private-key", self.new_key)
        self.done("gateway", "retire", "main", "--network", self.network, "--lock-out")
        self.assertEqual(self.value("alice", "home"), "main-2")
        self.assertEqual(run("peer", "stale", "--network", self.network).returncode, 2)

    def test_what_nothing_replaces_is_not_retired(self) -> None:
        self.refused("gateway", "retire", "main", "--network", self.network, says="nothing replaces")
        self.refused("gateway", "retire", "other", "--network", self.network, says="no gateway `other`")


class Forms(NetworkTest):
    """The forms of an address, of which one is asked for and the others are told."""

    def setUp(self) -> None:
        super().setUp()
        site = self.network / "sites" / "office.toml"
        route = '"10.0.0.0/16"'
        text = site.read_text()
        self.assertIn(route, text)
        site.write_text(text.replace(route, f'{{ prefix = {route}, alias = "198.18.0.0/16" }}'))
        (self.network / "policy.toml").write_text('[hosts]\ndb = "10.0.1.5"\nlan = "10.0.2.0/24"\n')

    def via(self, what: str) -> dict[str, object]:
        return json.loads(self.done("via", what, "--json", "--network", self.network).stdout)

    def test_each_leads_to_all(self) -> None:
        forms = self.via("10.0.1.5")
        self.assertEqual(
            {key: forms[key] for key in ("site", "address", "alias", "hosts")},
            {"site": "office", "address": "10.0.1.5", "alias": "198.18.1.5", "hosts": ["db"]},
        )
        for form in ("db", forms["via6"], forms["alias"]):
            self.assertEqual(self.via(str(form)), forms)

    def test_what_is_nowhere_is_refused(self) -> None:
        self.refused("via", "10.9.0.1", "--network", self.network, says="no site has a route to 10.9.0.1")
        self.refused("via", "db", "--site", "offic", "--network", self.network, says="did you mean `office`")
        self.assertEqual(run("via").returncode, 64)

    def test_hosts_are_lines_of_etc_hosts(self) -> None:
        lines = self.done("hosts", "--network", self.network).stdout.splitlines()
        prefix = "# left out: host `lan` is a prefix, 10.0.2.0/24"
        self.assertEqual(lines, [f"{self.via('db')['via6']}  db", prefix])
        lines = self.done("hosts", "--alias", "--network", self.network).stdout.splitlines()
        self.assertEqual(lines, ["198.18.1.5  db", prefix])

    def test_a_configuration_has_the_alias(self) -> None:
        made = self.peer("add", "alice", "--ipv4-only").stdout
        self.assertRegex(made, r"(?m)^AllowedIPs = .*\b198\.18\.0\.0/16\b")

    def test_explain_takes_each_for_the_real_one(self) -> None:
        self.peer("add", "alice")
        for form in ("10.0.1.5", "198.18.1.5", f"[{self.via('db')['via6']}]"):
            result = run("policy", "explain", "--from", "alice", "--to", f"{form}:5432", "--network", self.network)
            self.assertIn("alice -> 10.0.1.5 at office", result.stdout)


if __name__ == "__main__":
    unittest.main()
