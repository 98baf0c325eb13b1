# SPDX-License-Identifier: Apache-2.0
"""https_server.py FOLDER [--address A] [--port P] [--certificate good|expired|elsewhere] [--plain]: a small web server.

It serves FOLDER over HTTPS, with entity tags, and takes PUT with If-Match and If-None-Match. A file NAME.behaviour makes it answer
badly where NAME is asked for: `huge`, `drip`, `silent`, `cut`, `headers`, `status 503`, `redirect URL`, `believe`. Its certificate
is made by openssl in FOLDER/tls, by an authority of its own (FOLDER/tls/ca.pem); `expired` was valid until yesterday,
`elsewhere` is another host's. Prints `listening PORT` when it is ready.
"""

from __future__ import annotations

import argparse
import hashlib
import ssl
import subprocess
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HUGE = 1 << 30
PIECE = b"\0" * (1 << 16)
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def make_certificates(folder: Path, address: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    openssl(folder, "req", "-x509", *CURVE, *"-keyout ca.key -out ca.pem -subj /CN=authority -days 2".split())
    for name, host, days in (("good", address, "2"), ("expired", address, "-1"), ("elsewhere", "192.0.2.1", "2")):
        request = f"-keyout {name}.key -out {name}.csr -subj /CN={name} -addext subjectAltName=IP:{host}"
        openssl(folder, "req", *CURVE, *request.split())
        sign = f"-req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem -copy_extensions copy"
        openssl(folder, "x509", *sign.split(), "-days", days)


def openssl(folder: Path, *args: str) -> None:
    subprocess.run(("openssl", *args), cwd=folder, check=True, capture_output=True)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    folder: Path

    def do_GET(self) -> None:
        file = self.file()
        behaviour = file.with_name(file.name + ".behaviour")
        if behaviour.exists():
            word, _, argument = behaviour.read_text().strip().partition(" ")
            self.close_connection = True
            with suppress(OSError):  # whoever asked may have had enough
                getattr(self, f"do_{word}")(argument)
            return
        if not file.is_file():
            return self.answer(404)
        content = file.read_bytes()
        tag = self.tag(content)
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, ETag=tag)
        return self.answer(200, content, ETag=tag)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        file = self.file()
        behaviour = file.with_name(file.name + ".behaviour")
        word, _, argument = behaviour.read_text().strip().partition(" ") if behaviour.exists() else ("", "", "")
        if word == "redirect":
            return self.answer(307, Location=argument)
        if word == "believe":
            return self.answer(200)
        wanted = self.headers.get("If-Match")
        if wanted and not (file.is_file() and self.tag(file.read_bytes()) == wanted):
            return self.answer(412)
        if self.headers.get("If-None-Match") == "*" and file.is_file():
            return self.answer(412)
        draft = file.with_name(file.name + ".draft")
        draft.write_bytes(content)
        draft.rename(file)
        return self.answer(204, ETag=self.tag(content))

    def do_huge(self, _: str) -> None:
        """A gigabyte that nobody announced."""
        self.head(200)
        for _ in range(HUGE // len(PIECE)):
            self.wfile.write(PIECE)

    def do_announced(self, _: str) -> None:
        self.head(200, **{"Content-Length": str(HUGE)})
        self.wfile.write(PIECE)

    def do_drip(self, _: str) -> None:
        self.head(200, **{"Content-Length": "1000"})
        for _ in range(1000):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(1)

    def do_silent(self, _: str) -> None:
        time.sleep(1000)

    def do_cut(self, _: str) -> None:
        """All that was announced but the last byte, and the end of the connection."""
        content = self.file().read_bytes()
        self.head(200, **{"Content-Length": str(len(content))})
        self.wfile.write(content[:-1])

    def do_headers(self, _: str) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100_000):
            self.wfile.write(f"X-{number}: {'x' * 1000}\r\n".encode())

    def do_status(self, status: str) -> None:
        self.answer(int(status), b"words that nobody reads")

    def do_believe(self, _: str) -> None:
        """It takes what is put with a word of thanks, and keeps nothing."""
        content = self.file().read_bytes()
        self.answer(200, content, ETag=self.tag(content))

    def do_redirect(self, where: str) -> None:
        self.answer(302, Location=where)

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        length = {} if status in (204, 304) else {"Content-Length": str(len(content))}
        self.head(status, **length, **headers)
        self.wfile.write(content)

    def head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def file(self) -> Path:
        return self.folder / Path(self.path.lstrip("/")).name

    @staticmethod
    def tag(content: bytes) -> str:
        return f'"{hashlib.sha256(content).hexdigest()[:32]}"'

    def log_message(self, *_: object) -> None:
        """Not on anybody's terminal."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request: object, client_address: object) -> None:
        """The handshake is made in the connection's own thread: a client that is slow, or refuses, holds up nobody."""
        with suppress(OSError):
            if self.context:
                request = self.context.wrap_socket(request, server_side=True)  # type: ignore[arg-type]
            super().finish_request(request, client_address)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--certificate", default="good", choices=("good", "expired", "elsewhere"))
    parser.add_argument("--plain", action="store_true", help="HTTP without TLS")
    given = parser.parse_args()
    tls = given.folder / "tls"
    if not (tls / "elsewhere.pem").exists():
        make_certificates(tls, given.address)
    Handler.folder = given.folder
    server = Server((given.address, given.port), Handler)
    if not given.plain:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(tls / f"{given.certificate}.pem", tls / f"{given.certificate}.key")
    print(f"listening {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
