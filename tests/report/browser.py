"""A headless Chromium that opens a page and says what a reader would see: sizes, messages, requests and pictures.

It is spoken to over two pipes in the DevTools protocol: JSON messages that end with a zero byte. No library is needed.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars")
_PATIENCE = 60.0  # [s] until an answer is given up


def program() -> str | None:
    """The browser on this machine, or None."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """A page of a running browser.

    Attributes:
        events: everything that the browser told of the page without being asked, in order.
    """

    def __init__(self, to: int, back: int) -> None:
        self.events: list[dict[str, Any]] = []
        self._to, self._back, self._rest, self._last, self._session = to, back, b"", 0, ""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def open(self, page: Path, width: int, height: int = 900) -> None:
        """Load a file in a window of a size [px], and wait until all its pictures are there."""
        self.resize(width, height)
        self.events.clear()
        self._ask("Page.navigate", url=page.resolve().as_uri())
        begun = time.monotonic()
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            assert time.monotonic() - begun < _PATIENCE, f"{page} was not loaded"
            self.run("0")
            time.sleep(0.02)

    def resize(self, width: int, height: int = 900, scale: float = 1.0) -> None:
        """Give the window another size [px]."""
        size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self._ask("Emulation.setDeviceMetricsOverride", **size)

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        answer = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Write what the window shows, or the whole page, as PNG."""
        answer = self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def complaints(self) -> list[str]:
        """Errors and warnings of the console, exceptions of scripts, and what the security policy refused."""
        loud = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
        return [json.dumps(event["params"])[:400] for event in self.events if event["method"] in loud]

    def requests(self) -> list[str]:
        """Addresses that the page asked for, without the page itself and what it holds inside."""
        sent = [event["params"] for event in self.events if event["method"] == "Network.requestWillBeSent"]
        asked = [one["request"]["url"] for one in sent if one.get("type") != "Document"]
        return [address for address in asked if not address.startswith("data:")]

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer:
                self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = os.read(self._back, 1 << 20)
            assert more, "the browser has ended"
            self._rest += more
        message, self._rest = self._rest.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(message)
        return answer


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A browser that ends with the block; its settings lie in the folder ``profile``."""
    found = program()
    assert found, f"found none of {PROGRAMS}"
    from_us, to_them = os.pipe()
    from_them, to_us = os.pipe()
    wanted = {3: from_us, 4: to_us}

    def place_pipes() -> None:
        # the browser reads from 3 and writes to 4; copies first, lest one end overwrites the other
        copies = {number: os.dup(end) for number, end in wanted.items()}
        for number, copy in copies.items():
            os.dup2(copy, number)

    command = [found, *_OPTIONS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=place_pipes,
        close_fds=False,
        start_new_session=True,
    )
    os.close(from_us)
    os.close(to_us)
    try:
        yield Browser(to_them, from_them)
    finally:
        process.terminate()
        process.wait(20)
        os.close(to_them)
        os.close(from_them)
