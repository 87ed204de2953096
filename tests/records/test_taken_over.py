"""Files that an earlier version kept its inbox and order book in: refused, taken over once, never read as empty."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ibf_pipeline.errors import ForbiddenByRule, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records import legacy_files
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.records.legacy_files import require_files_taken_over, take_over_legacy_files
from ibf_pipeline.records.schema import NOTIFICATION, ORDER, PRODUCT

KEPT = Path(__file__).parents[1] / "fixtures" / "earlier" / "databases"


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_records(records_url(tmp_path / "runs"))


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    return Path(shutil.copy(KEPT / "inbox.sqlite", tmp_path / "inbox.sqlite"))


def rows(database: Database) -> list[int]:
    """Products, notifications and orders in the records."""
    return [database.rows(select(func.count()).select_from(table))[0][0] for table in (PRODUCT, NOTIFICATION, ORDER)]


def test_refused_until_it_is_taken_over(inbox: Path, database: Database) -> None:
    with pytest.raises(ForbiddenByRule, match="ibf-pipeline records take-over"):
        require_files_taken_over(inbox, database)
    assert take_over_legacy_files(inbox, database) == 4
    assert rows(database) == [2, 2, 0]
    require_files_taken_over(inbox, database)
    assert [file.name for file in sorted(inbox.parent.glob("inbox*"))] == ["inbox.sqlite.taken-over"]


def test_it_can_be_repeated(inbox: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It died before the file had its new name, and the earlier version ran once more afterwards."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("read-only")))
        with pytest.raises(WriteFailed, match="cannot be taken over"):
            take_over_legacy_files(inbox, database)
    with pytest.raises(ForbiddenByRule):
        require_files_taken_over(inbox, database)
    assert take_over_legacy_files(inbox, database) == 0
    assert rows(database) == [2, 2, 0]
    assert take_over_legacy_files(inbox, database) == 0, "there is no file any more"
    shutil.copy(KEPT / "inbox.sqlite", inbox)
    assert take_over_legacy_files(inbox, database) == 0
    assert len(list(inbox.parent.glob("inbox.sqlite.taken-over*"))) == 2, "nothing is overwritten"


def test_what_is_in_the_records_stays(tmp_path: Path, database: Database) -> None:
    orders = Path(shutil.copy(KEPT / "orders.sqlite", tmp_path / "orders.sqlite"))
    assert take_over_legacy_files(orders, database) == 2
    with database.transaction() as connection:
        connection.execute(ORDER.update().where(ORDER.c.state == "waiting").values(state="withdrawn"))
    shutil.copy(KEPT / "orders.sqlite", orders)
    assert take_over_legacy_files(orders, database) == 0
    assert database.rows(select(ORDER.c.number, ORDER.c.state).order_by(ORDER.c.number)) == [
        (1, "sent"), (2, "withdrawn"),
    ]  # fmt: skip


def test_nothing_is_taken_from_under_who_uses_it(
    inbox: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sqlite3.connect
    monkeypatch.setattr(legacy_files.sqlite3, "connect", lambda file, **more: real(file, timeout=0.05, **more))
    with closing(real(inbox)) as other:
        other.execute("SELECT count(*) FROM eodata_product").fetchone()
        with pytest.raises(WriteFailed, match="locked"):
            take_over_legacy_files(inbox, database)
    assert rows(database) == [0, 0, 0]
    assert take_over_legacy_files(inbox, database) == 4


def test_one_without_rows_is_as_good_as_none_and_a_damaged_one_is_refused(tmp_path: Path, database: Database) -> None:
    for file in (tmp_path / "none.sqlite", tmp_path / "empty.sqlite"):
        with closing(sqlite3.connect(file)) as made:
            if file.stem == "empty":
                made.execute("CREATE TABLE eodata_missing (id TEXT PRIMARY KEY, since TEXT NOT NULL)")
        require_files_taken_over(file, database)
    (tmp_path / "damaged.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(WriteFailed, match="not a database"):
        require_files_taken_over(tmp_path / "damaged.sqlite", database)


def test_the_records_are_no_earlier_file(inbox: Path, database: Database) -> None:
    take_over_legacy_files(inbox, database)
    require_files_taken_over(Path(database.place), database)
    assert take_over_legacy_files(Path(database.place), database) == 0
    assert rows(database) == [2, 2, 0]
