"""An object store on this machine, which speaks the protocol of S3 and keeps each object as a file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

HERE = "127.0.0.1"


@contextmanager
def serving(handler: Any) -> Iterator[str]:
    """Serve on a free port of this machine, and give the address."""
    server = ThreadingHTTPServer((HERE, 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{HERE}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def object_store(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An object store whose bucket ``data`` is a folder of files, which the environment names; give that folder."""
    pytest.importorskip("obstore", reason="obstore is not installed (extra 'cloud')")
    localbucket = pytest.importorskip("localbucket", reason="localbucket is not installed (extra 'test')")
    (folder / "server" / "data").mkdir(parents=True)
    quiet = {"data_root": folder / "server", "log_message": lambda *_: None}
    with serving(type("Handler", (localbucket.S3Handler,), quiet)) as address:
        settings = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_METADATA_ENDPOINT": "http://127.0.0.1:9",  # no test asks the network for credentials
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
            "AWS_CONFIG_FILE": str(folder / "none"),
            "AWS_DISABLE_BULK_DELETE": "true",  # this server deletes one object at a time
            "RAINSMITH_CACHE": str(folder / "cache"),
            "NO_PROXY": HERE,
        }
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in settings.items():
            patch.setenv(name, value)
        yield folder / "server" / "data"


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """A web server of the files in a folder; give its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(partial(Quiet, directory=str(folder))) as address:
        yield address


@contextmanager
def refusing(status: int, code: str) -> Iterator[str]:
    """An object store that refuses everything with a status and a code of S3."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_PUT = do_DELETE = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with serving(Refusing) as address:
        yield address
