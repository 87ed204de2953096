"""The looks at an event, each in a folder of its own: a later pass never replaces what an earlier one saw."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from ibf_pipeline.domain.observation import Look
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.atomic_files import write_bytes

_ADAPTER: Final = TypeAdapter(Look)


def look_folder(event_folder: Path, first_pass: datetime, products: tuple[str, ...]) -> Path:
    """Where a look at these products is kept: the same products are the same look."""
    digest = hashlib.sha256("\n".join(sorted(products)).encode()).hexdigest()[:10]
    return event_folder / f"{first_pass.astimezone(UTC):%Y%m%dT%H%M%S}-{digest}"


def write_look(look: Look, folder: Path) -> None:
    """`look.json`, beside the look's masks `water_<n>.tif`."""
    write_bytes(folder / "look.json", _ADAPTER.dump_json(look, indent=1))


def read_looks(event_folder: Path) -> list[tuple[Path, Look]]:
    """Every finished look at an event with its folder, the earliest pass first."""
    found = []
    for file in sorted(event_folder.glob("*/look.json")):
        again = "delete its folder and observe the event again"
        with errors_as(InputInvalid, "a look at an event cannot be read ({type})", where=file, remedy=again):
            found.append((file.parent, _ADAPTER.validate_json(file.read_bytes())))
    return found


def masks_of(folder: Path) -> list[Path]:
    """The water masks of a look, in their order."""
    return sorted(folder.glob("water_*.tif"), key=lambda file: int(file.stem.removeprefix("water_")))
