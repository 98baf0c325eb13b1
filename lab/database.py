# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL, the release's own version, with TLS by a certificate authority of its own and pgbench's tables."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from lab import shell
from lab.namespace import Namespace
from lab.topology import DATABASE, DATABASE_6

NAME = "db.vpc.internal"
USER = "app"
PASSWORD = "correct horse battery staple"

SETTINGS = """
listen_addresses = '*'
ssl = on
ssl_cert_file = '{folder}/server.crt'
ssl_key_file = '{folder}/server.key'
unix_socket_directories = '{folder}'
fsync = off
autovacuum = off
shared_buffers = 32MB
"""

ACCESS = """
local all postgres peer
hostssl all all 0.0.0.0/0 scram-sha-256
hostssl all all ::/0 scram-sha-256
"""


class Database:
    """Runs in `namespace`, with its files in `folder`, until `close`. Listens on every address, also future ones."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.namespace = namespace
        self.folder = folder
        self.authority = folder / "ca.crt"
        self._data = folder / "data"
        self._programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=_version)
        folder.mkdir(parents=True, exist_ok=True)
        for parent in folder.parents[:-1]:
            if parent.stat().st_uid == 0:
                parent.chmod(parent.stat().st_mode | 0o011)  # PostgreSQL's own user walks through
        self._make_certificates()
        shell.run("chown", "-R", "postgres:postgres", str(folder))
        folder.chmod(0o755)
        self._as_postgres("initdb", "--no-sync", "--no-instructions", "-E", "UTF8", "-D", str(self._data))
        (self._data / "postgresql.auto.conf").write_text(SETTINGS.format(folder=folder))
        (self._data / "pg_hba.conf").write_text(ACCESS)
        self._as_postgres("pg_ctl", "start", "-w", "-D", str(self._data), "-l", str(folder / "log"))
        self.sql(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        self.sql(f"CREATE DATABASE {USER} OWNER {USER}")

    def fill(self, scale: int = 1) -> None:
        """Makes pgbench's tables, 100,000 accounts for each unit of scale."""
        self._as_postgres("pgbench", "-i", "-q", "-s", str(scale), "-h", str(self.folder), USER, timeout=300)
        self.sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {USER}", USER)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """As the superuser, over the local socket."""
        arguments = ("-h", str(self.folder), "-v", "ON_ERROR_STOP=1", "-AtX", "-c", statement, database)
        return self._as_postgres("psql", *arguments).strip()

    def address(self, host: str = DATABASE) -> str:
        """What a client gives psql and pgbench: the certificate must match the name, whatever the address."""
        return (
            f"host={NAME} hostaddr={host} dbname={USER} user={USER} "
            f"sslmode=verify-full sslrootcert={self.authority} connect_timeout=10"
        )

    def program(self, name: str) -> str:
        """A PostgreSQL program itself: Debian's wrapper of the same name costs a second under emulation."""
        return str(self._programs / name)

    def close(self) -> None:
        if self._data.exists():
            self._as_postgres("pg_ctl", "stop", "-m", "immediate", "-D", str(self._data), check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _as_postgres(self, program: str, *args: str, timeout: float = 180, check: bool = True) -> str:
        user = ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--reset-env")
        command = self.namespace.command(*user, self.program(program), *args)
        # A file, not a pipe: the server keeps its starter's output open.
        log = self.folder / "command.log"
        with log.open("w+") as output:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, timeout=timeout, check=False,
                cwd="/",
            )
        text = log.read_text()
        if check and done.returncode != 0:
            raise shell.CommandFailed(f"{program} {' '.join(args)}\n{text}")
        return text

    def _make_certificates(self) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650")
        folder = str(self.folder)
        shell.run(
            *("openssl", "req", "-x509", *key, "-subj", "/CN=Lab CA"),
            *("-keyout", f"{folder}/ca.key", "-out", f"{folder}/ca.crt"),
        )
        shell.run(
            *("openssl", "req", "-x509", *key, "-subj", f"/CN={NAME}"),
            *("-CA", f"{folder}/ca.crt", "-CAkey", f"{folder}/ca.key"),
            *("-addext", f"subjectAltName=DNS:{NAME},IP:{DATABASE},IP:{DATABASE_6}"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-keyout", f"{folder}/server.key", "-out", f"{folder}/server.crt"),
        )
        os.chmod(f"{folder}/server.key", 0o600)


def _version(programs: Path) -> float:
    return float(programs.parent.name)
