"""What is remembered of a day's orders until its file is there, so that a killed run is continued by the next one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused
from ibf_pipeline.io.atomic_files import write_text

_AT_ONCE = 2
"""orders that may fail one after the other before the next one is put off"""


@dataclass(frozen=True, slots=True)
class Placed:
    """An order that was placed and not fetched yet."""

    order: str
    at: float
    """seconds since 1970"""
    broken: int = 0
    """tries to fetch its result that failed"""


@dataclass(frozen=True, slots=True)
class Failed:
    """Orders that failed one after the other."""

    times: int = 0
    last: float = 0
    """seconds since 1970"""
    found: str = ""
    missing: bool = False
    """whether the run was not there yet"""


class Orders:
    """The orders of a country and day, by the file that each is for, and how often they failed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, name: str) -> Placed | None:
        """The order that a file is waited for from."""
        return self._read()[0].get(name)

    def put(self, name: str, placed: Placed | None) -> None:
        """Note an order, or forget it."""
        orders, failed = self._read()
        self._write({**orders, name: placed}, failed)

    def fail(self, error: IbfError, now: float) -> None:
        """Note that an order failed, and forget all orders: a new one is not mixed with what those delivered."""
        failed = self._read()[1]
        self._write({}, Failed(failed.times + 1, now, error.found, isinstance(error, InputMissing)))

    def break_off(self, name: str) -> None:
        """Note that the result of an order could not be fetched; after the second time it is forgotten."""
        placed = self.get(name)
        if placed is not None:
            self.put(name, replace(placed, broken=placed.broken + 1) if placed.broken == 0 else None)

    def require_no_pause(self, now: float, seconds: float, where: str) -> None:
        """InputMissing or ServerRefused, as the last order failed, if so many failed that the next must wait."""
        failed = self._read()[1]
        if failed.times < _AT_ONCE or now >= failed.last + seconds:
            return
        following = datetime.fromtimestamp(failed.last + seconds, UTC)
        raise (InputMissing if failed.missing else ServerRefused)(
            f"{failed.found} ({failed.times} orders failed, the next one is placed from {following:%H:%M} UTC on)",
            where=where,
            expected="an order that the service carries out",
            remedy="look at the orders on the service's page `Your requests`",
        )

    def clear(self) -> None:
        """Everything was delivered."""
        self._file.unlink(missing_ok=True)

    def _read(self) -> tuple[dict[str, Placed], Failed]:
        try:
            content = json.loads(self._file.read_text(encoding="utf-8"))
            return {name: Placed(**placed) for name, placed in content["placed"].items()}, Failed(**content["failed"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return {}, Failed()

    def _write(self, orders: dict[str, Placed | None], failed: Failed) -> None:
        placed = {name: asdict(order) for name, order in orders.items() if order is not None}
        write_text(self._file, json.dumps({"placed": placed, "failed": asdict(failed)}))
