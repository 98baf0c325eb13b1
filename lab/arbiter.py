# SPDX-License-Identifier: Apache-2.0
"""The record that etcd keeps of the one gateway of lab/failover.py, read and written by a test."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from typing import Any

from lab import shell
from lab.answering import sockets_in
from lab.etcd import PORT, Etcd

TRIES = 10  # its owner renews it five times a second


def calm(etcd: Etcd) -> None:
    """As if the owner had held on for ten minutes: then it sets back how often silent owners were taken over from, which else
    makes the next takeover wait for half a minute, and longer each time.
    """
    for _ in range(TRIES):
        (kept,) = ask(etcd, "range", {"key": encoded("/causeway/"), "range_end": encoded("/causeway0")})["kvs"]
        record = json.loads(base64.b64decode(kept["value"]))
        if record["held"] == 0:
            return
        same = {"key": kept["key"], "target": "MOD", "result": "EQUAL", "mod_revision": kept["mod_revision"]}
        put = {"request_put": {"key": kept["key"], "value": encoded(json.dumps({**record, "held": 0}))}}
        ask(etcd, "txn", {"compare": [same], "success": [put]})
    raise AssertionError("the record changes too often to be written")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def ask(etcd: Etcd, what: str, request: dict[str, Any]) -> dict[str, Any]:
    """By a socket in its namespace: no program is started for it."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.load_verify_locations(etcd.authority)
    (plain,) = sockets_in(etcd.namespace.name, (socket.AF_INET, socket.SOCK_STREAM, 0))
    plain.settimeout(shell.COMMAND_SECONDS)
    plain.connect((etcd.address, PORT))
    connection = http.client.HTTPConnection(etcd.address)
    connection.sock = trusting.wrap_socket(plain, server_hostname=etcd.address)
    try:
        connection.request("POST", f"/v3/kv/{what}", json.dumps(request))
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != http.client.OK:
            raise AssertionError(f"etcd: {answer.status}: {text!r}")
        return dict(json.loads(text))
    finally:
        connection.close()
