# SPDX-License-Identifier: Apache-2.0
"""One etcd over TLS, the arbiter of the lab: with an authority of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab import shell
from lab.https_server import make_certificates
from lab.namespace import Namespace

PORT = 2379
PEER_PORT = 2380
READY_SECONDS = 60.0  # software emulation included


class Etcd:
    """Runs until `close`. Its data is in memory as far as the kernel lets it: no disk is to be waited for."""

    def __init__(self, namespace: Namespace, address: str, folder: Path) -> None:
        self.namespace, self.address, self.folder = namespace, address, folder
        self.tls = folder / "tls"
        self.process: subprocess.Popen[str] | None = None
        make_certificates(self.tls, address)

    @property
    def endpoint(self) -> str:
        return f"https://{self.address}:{PORT}"

    @property
    def authority(self) -> Path:
        return self.tls / "ca.pem"

    def start(self) -> Etcd:
        with (self.folder / "etcd.log").open("a") as output:
            self.process = self.namespace.start(
                *("etcd", "--data-dir", str(self.folder / "data"), "--unsafe-no-fsync", "--logger", "zap"),
                *("--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint),
                *("--listen-peer-urls", f"http://127.0.0.1:{PEER_PORT}"),
                *("--cert-file", str(self.tls / "good.pem"), "--key-file", str(self.tls / "good.key")),
                output=output,
            )
        curl = ("curl", "-sf", "--cacert", str(self.authority), f"{self.endpoint}/health")
        shell.until("etcd", lambda: self.namespace.succeeds(*curl), READY_SECONDS)
        return self

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=30)
            self.process = None
