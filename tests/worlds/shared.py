"""Records and a store that made-up machines share."""

from __future__ import annotations

from pathlib import Path

from ibf_pipeline.io.patience import Patience
from ibf_pipeline.io.store import Store
from ibf_pipeline.records.open import open_records
from ibf_pipeline.storage.shared import Sharing


def sharing(folder: Path) -> Sharing:
    """In a folder that all of them see; a store that does not answer is not waited for."""
    (folder / "store").mkdir(parents=True, exist_ok=True)
    store = Store(f"file://{folder / 'store'}", Patience(attempts=1))
    return Sharing(open_records(f"sqlite:///{folder / 'records.sqlite'}"), store)
