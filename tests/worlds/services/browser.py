"""A real headless browser that clicks: chromium, driven through its DevTools protocol."""

from __future__ import annotations

import base64
import itertools
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.conftest import needs

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


class Tab:
    """A page that is open in the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)

    def send(self, method: str, **parameters: Any) -> Any:
        """A command of the protocol and its result."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def size(self, width: int, height: int) -> None:
        """The window as a device of so many pixels has it, however narrow."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def open(self, address: str) -> None:
        """Go to a page and wait until it is loaded."""
        for url in ("about:blank", address):  # an address that differs behind its # alone would load nothing anew
            self.send("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def value(self, script: str) -> Any:
        """What an expression is on the page."""
        result = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, script: str, seconds: float = 30) -> None:
        """Until an expression is true."""
        end = time.monotonic() + seconds
        while not self.value(f"Boolean({script})"):
            assert time.monotonic() < end, f"never true: {script}"
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Press and release the mouse in the middle of an element, wherever on the page it is."""
        find = f"document.querySelector({json.dumps(selector)})"
        x, y = self.value(
            f"(() => {{ const e = {find}; e.scrollIntoView({{block: 'center'}}); "
            "const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, file: Path) -> None:
        """The window as PNG."""
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


@contextmanager
def open_tab(profile: Path) -> Iterator[Tab]:
    """A browser with one page; skips aloud where there is no browser, and fails in CI."""
    browser = needs("chromium")
    options = [f"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank"]
    errors = profile.with_name(profile.name + ".log")
    with errors.open("wb") as log:
        process = subprocess.Popen([browser, *FLAGS, *options], stderr=log, stdout=log)
    try:
        with connect(_page_address(errors), max_size=None, open_timeout=60) as socket:
            yield Tab(socket)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _page_address(errors: Path) -> str:
    """WebSocket of the first page of a browser that has just been started."""
    import requests

    end = time.monotonic() + 60
    while time.monotonic() < end:
        listening = re.search(r"DevTools listening on ws://([\d.:]+)/", errors.read_text(errors="replace"))
        if listening:
            for page in requests.get(f"http://{listening[1]}/json/list", timeout=10).json():
                if page["type"] == "page":
                    return str(page["webSocketDebuggerUrl"])
        time.sleep(0.02)
    raise AssertionError(f"the browser did not start: {errors.read_text(errors='replace')[-800:]}")
