# SPDX-License-Identifier: Apache-2.0
"""What a person's programs do with a database for a while, and whether they got all of it."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path

from lab.database import PASSWORD, Database
from lab.namespace import Namespace

WORK_SECONDS = 600  # longer than any story


class Program:
    """One of PostgreSQL's on a client, with its output in a file."""

    def __init__(self, client: Namespace, database: Database, file: Path, name: str, *args: str) -> None:
        self._file = file
        command = ("env", f"PGPASSWORD={PASSWORD}", database.program(name), *args, database.address())
        with file.open("w") as output:
            self._process = client.start(*command, output=output)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def output(self) -> str:
        return self._file.read_text()

    def ask_to_end(self, number: int) -> None:
        if self.is_running():
            self._process.send_signal(number)

    def wait(self) -> bool:
        """Until it has ended; whether by itself and well."""
        return self._process.wait(timeout=WORK_SECONDS) == 0


class Bench(Program):
    """pgbench with one client: a transaction, a pause to think, and again, until it is told to end."""

    SCRIPT = r"""\set aid random(1, 100000)
\set delta random(-5000, 5000)
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :aid, :delta, CURRENT_TIMESTAMP);
END;
\sleep 100 ms
"""
    SHOWN = "pgbench -c 1 -f think.sql ..."
    REPORTED = ("number of transactions", "number of failed", "latency", "tps")

    def __init__(self, client: Namespace, database: Database, folder: Path) -> None:
        self.script = folder / "think.sql"
        self.script.write_text(self.SCRIPT)
        arguments = ("-n", "-c", "1", "-f", str(self.script), "-T", str(WORK_SECONDS), "-P", "1")
        super().__init__(client, database, folder / "pgbench.txt", "pgbench", *arguments)

    def is_at_work(self) -> bool:
        return "progress: " in self.output()

    def end(self) -> str:
        """Its report."""
        self.ask_to_end(signal.SIGALRM)  # which it sends itself when its time is up
        self.wait()
        return "\n".join(line for line in self.output().splitlines() if line.startswith(self.REPORTED))


class Select(Program):
    """A SELECT whose rows keep coming until it is told to end, to a client that says nothing meanwhile. A row is a kilobyte: the
    server sends some eight at a time."""

    MOST_ROWS = 1_000_000  # hours of them
    EVERY_SECONDS = 0.01
    COPIES = 30  # of 32 characters
    STATEMENT = (
        f"COPY (SELECT n, repeat(md5(n::text), {COPIES}), pg_sleep({EVERY_SECONDS}) FROM generate_series(1, {MOST_ROWS}) n)"
        " TO STDOUT"
    )
    SHOWN = f"psql -c '{STATEMENT}' ..."
    # The server's last word, which psql shows behind all rows: what carried them is whole until then.
    CANCELLED = "ERROR:  canceling statement due to user request\n"

    def __init__(self, client: Namespace, database: Database, folder: Path) -> None:
        super().__init__(client, database, folder / "select.txt", "psql", "-X", "-c", self.STATEMENT)
        self._database = database

    def rows(self) -> int:
        return self.output().removesuffix(self.CANCELLED).count("\n")

    def end(self) -> bool:
        """Ends it at the server. Whether every row came until then, once and in order, and then the server's last word."""
        self._database.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'")
        self.wait()
        return self.output() == "".join(map(self._row, range(1, self.rows() + 1))) + self.CANCELLED

    def _row(self, number: int) -> str:
        return f"{number}\t{hashlib.md5(str(number).encode()).hexdigest() * self.COPIES}\t\n"
