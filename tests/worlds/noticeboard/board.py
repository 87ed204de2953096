"""The board itself, in a folder: what is pinned, who rang the bell, and the trouble that it can be told to make."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any, Literal

from ibf_pipeline.errors import OutcomeUnknown, ServerRefused, ServerUnreachable
from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.publisher import Answer

Trouble = Literal["kill", "away", "refuse", "lost"]


class Board:
    """Sheets by event name; also the transport of its calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sheets(self) -> dict[str, dict[str, Any]]:
        """What is pinned."""
        return {sheet["event"]: sheet for sheet in self._read("sheets.json", {"sheets": []})["sheets"]}

    def pin(self, sheets: dict[str, dict[str, Any]]) -> None:
        """Put these in the place of all that is pinned."""
        self._write("sheets.json", {"sheets": list(sheets.values())})

    def date(self) -> str | None:
        """Of the newest call that changed it."""
        return self._read("date.json", {"date": None})["date"]

    def rings(self) -> list[list[str]]:
        """The events of each time that the bell was rung."""
        return self._read("bell.json", [])

    def calls(self) -> list[int]:
        """Numbers of all the calls that came, in their order."""
        return self._read("calls.json", [])

    def make_trouble(self, call: int, trouble: Trouble) -> None:
        """Once, at this call."""
        self._write("trouble.json", {"call": call, "trouble": trouble})

    def send(self, call: Call) -> Answer:
        """Carry out a call, unless there is trouble."""
        trouble = self._trouble(call.number)
        if trouble == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if trouble == "away":
            raise ServerUnreachable(f"{call.title}: nobody is at the board", where=self.folder)
        if trouble == "refuse":
            raise ServerRefused(f"{call.title}: no pins left", where=self.folder, remedy="bring pins, then resume")
        self._write("calls.json", [*self.calls(), call.number])
        text = self._done(call, dict(call.body or {}))
        if trouble == "lost":
            raise OutcomeUnknown(f"{call.title}: nobody heard whether it rang", where=self.folder)
        return Answer(200, text)

    def _done(self, call: Call, body: dict[str, Any]) -> str:
        sheets = self.sheets()
        if call.method == "PIN":
            self.pin({**sheets, body["event"]: body})
            self._write("date.json", {"date": body["date"]})
        if call.method == "TIDY":
            self.pin({name: sheet for name, sheet in sheets.items() if name in body["keep"]})
            self._write("date.json", {"date": body["date"]})
        if call.method == "READ":
            return json.dumps({"bell would tell of": sorted(sheets)})
        if call.method == "RING":
            self._write("bell.json", [*self.rings(), sorted(sheets)])
        return ""

    def _trouble(self, call: int) -> Trouble | None:
        made = self._read("trouble.json", {})
        if made.get("call") != call:
            return None
        (self.folder / "trouble.json").unlink()
        return made["trouble"]

    def _read(self, name: str, otherwise: Any) -> Any:
        file = self.folder / name
        return json.loads(file.read_text()) if file.is_file() else otherwise

    def _write(self, name: str, content: Any) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(json.dumps(content))
