"""Prepared layers are made by one machine and brought by the others, where they are made of the same."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli.app import app
from flows.wiring.day import open_configuration
from flows.wiring.sharing import fetch_newest_layers
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.parts import BuildStep, log_progress
from ibf_pipeline.prepare.shared_layers import have_layers
from ibf_pipeline.prepare.stamp import read_stamp
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.storage.shared_folder import SharedFolder
from tests.worlds.countries import tiny_country
from tests.worlds.shared import sharing


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Machine `one` has prepared the country and put its layers into `shared`."""
    folder = tmp_path_factory.mktemp("machines")
    tiny_country.write_country(folder / "one" / "static")
    assert len(prepared(folder / "one", place(folder))) == 12
    return folder


def place(folder: Path) -> SharedFolder:
    return SharedFolder(sharing(folder / "shared"), "prepared/floods/XTY", "prepared", "XTY")


@pytest.fixture
def one(tmp_path: Path, world: Path) -> Path:
    """A machine that has prepared the country: its folder, with `static` and `prepared`."""
    shutil.copytree(world, tmp_path, dirs_exist_ok=True)
    return tmp_path / "one"


@pytest.fixture
def shared(tmp_path: Path, one: Path) -> SharedFolder:
    return place(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A machine with the same static data, copied there later."""
    tiny_country.write_country(tmp_path / "other" / "static")
    return tmp_path / "other"


def prepared(machine: Path, shared: SharedFolder | None) -> tuple[str, ...]:
    """Names of the parts that a machine made."""
    return prepare_floods(tiny_country.country(), machine / "static", machine / "prepared", log_progress, shared)


def affected(machine: Path, folder: str = "prepared") -> float:
    layers, tiles = read_prepared(machine / folder, "XTY")
    assert all(file.is_file() for file in (tiles.areas, *tiles.depths.values()))
    return float(layers.exposure.sum())


def test_what_one_machine_made_is_brought_by_another(one: Path, other: Path, shared: SharedFolder) -> None:
    assert prepared(other, shared) == ()
    assert affected(other) == affected(one) > 0
    assert prepared(other, None) == ()  # it is current for itself, too


def test_layers_of_other_static_data_are_not_taken(one: Path, other: Path, shared: SharedFolder) -> None:
    file = other / "static" / "station_admin_mapping.csv"
    file.write_text(file.read_text().replace("3,no_station,02B", "3,G2,02B"))
    assert len(prepared(other, shared)) == 12
    shutil.rmtree(one / "prepared")
    assert prepared(one, shared) == ()  # its own are found behind the newer ones of the other machine
    mapped = [read_prepared(each / "prepared", "XTY")[0].mapping["G2"] for each in (one, other)]
    assert "02B" not in mapped[0]
    assert "02B" in mapped[1]


def test_of_two_at_once_one_makes_them_and_the_other_waits(one: Path, other: Path, tmp_path: Path) -> None:
    shutil.rmtree(one / "prepared")
    shared = place(tmp_path / "nothing yet")
    made, began, go_on = list[tuple[str, ...]](), threading.Event(), threading.Event()

    def slowly(step: BuildStep) -> None:
        began.set()
        assert go_on.wait(60)

    def first() -> None:
        made.append(prepare_floods(tiny_country.country(), one / "static", one / "prepared", slowly, shared))

    second = threading.Thread(target=lambda: made.append(prepared(other, shared)))
    builder = threading.Thread(target=first)
    builder.start()
    assert began.wait(60)
    second.start()
    second.join(0.5)
    assert second.is_alive()
    go_on.set()
    for thread in (builder, second):
        thread.join(60)
    assert [len(parts) for parts in made] == [12, 0]


def test_a_reader_without_static_data_has_them_again_and_again(one: Path, tmp_path: Path, shared: SharedFolder) -> None:
    empty = tmp_path / "empty"
    have_layers(shared, empty / "prepared")
    assert affected(empty) == affected(one)
    (empty / "prepared" / "areas.tif").write_bytes(b"damaged")
    have_layers(shared, empty / "prepared")
    assert affected(empty) == affected(one)
    assert (empty / "prepared" / "areas.tif").read_bytes() == (one / "prepared" / "areas.tif").read_bytes()
    shutil.rmtree(empty / "prepared")
    have_layers(shared, empty / "prepared")
    assert affected(empty) == affected(one)


def test_a_reader_gets_the_layers_that_a_run_was_made_of(one: Path, other: Path, shared: SharedFolder) -> None:
    """The other machine goes on with what it had prepared in the meantime only for runs of its own."""
    (other / "static" / "stations.csv").write_text(
        (other / "static" / "stations.csv").read_text().replace("Upper", "Lower")
    )
    assert len(prepared(other, shared)) == 12
    stamp = read_stamp(one / "prepared" / "stamp.json")
    assert stamp is not None
    have_layers(shared, other / "prepared")
    assert "Lower" in {each.name for each in read_prepared(other / "prepared", "XTY")[0].stations}
    have_layers(shared, other / "prepared", [each.sha256 for each in stamp.inputs.values()])
    assert "Upper" in {each.name for each in read_prepared(other / "prepared", "XTY")[0].stations}


def test_layers_of_before_the_store_was_named_are_put_there(one: Path, other: Path, tmp_path: Path) -> None:
    shared = place(tmp_path / "nothing yet")
    assert prepared(one, shared) == ()
    assert prepared(other, shared) == ()


def test_a_store_that_is_away_leaves_each_to_itself(one: Path, other: Path, shared: SharedFolder) -> None:
    store = Path(shared.sharing.store.url.removeprefix("file://"))
    store.rename(store.with_name("away"))
    store.write_text("no folder")
    assert len(prepared(other, shared)) == 12
    assert affected(other) == affected(one)


@pytest.mark.usefixtures("embedded")
def test_the_command_builds_on_one_machine_alone(tmp_path: Path) -> None:
    static = tiny_country.write_country(tmp_path / "static")
    built, brought = (invoke_prepare(write_config(tmp_path, home, static)) for home in ("one", "other"))
    assert "built: boundaries, stations" in built
    assert "up to date" in brought
    without_static = open_configuration(str(write_config(tmp_path, "third", tmp_path / "nowhere")))
    assert fetch_newest_layers(without_static, "XTY", "floods") == tmp_path / "third" / "prepared" / "XTY"
    assert affected(tmp_path / "third", "prepared/XTY") == affected(tmp_path / "one", "prepared/XTY")


def test_a_take_over_puts_layers_of_before_there_was_a_store_there(one: Path, tmp_path: Path) -> None:
    """A machine without static data then has them: for a withdrawal, nobody has to prepare the country first."""
    config = write_config(tmp_path, "old", one / "static")
    shutil.copytree(one / "prepared", tmp_path / "old/prepared/XTY")
    said = [CliRunner().invoke(app, ["records", "take-over", "--config", str(config)]).output for _ in range(2)]
    assert ["XTY: prepared layers put into the store" in each for each in said] == [True, False]
    fetch_newest_layers(open_configuration(str(write_config(tmp_path, "other", tmp_path / "nowhere"))), "XTY", "floods")
    assert affected(tmp_path / "other", "prepared/XTY") == affected(one)


def write_config(folder: Path, home: str, static: Path) -> Path:
    config = folder / home / "config"
    (config / "countries").mkdir(parents=True)
    content = tiny_country.country().model_dump(mode="json", exclude_unset=True)
    content |= {"static": str(static), "sources": ["folder"], "target": "files"}
    (config / "countries" / "XTY.yaml").write_text(yaml.safe_dump(content))
    settings = {
        "records": f"sqlite:///{folder / 'records.sqlite'}",
        "store": {"url": f"file://{folder / 'store'}"},
        "sources": {"folder": {"kind": "folder", "root": "forecasts", "glofas_version": "4"}},
        "targets": {"files": {"kind": "files", "folder": "out"}},
    }
    (config / "settings.yaml").write_text(yaml.safe_dump(settings))
    return config


def invoke_prepare(config: Path) -> str:
    result = CliRunner().invoke(app, ["prepare", "XTY", "--config", str(config)], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_layers_stay_while_a_run_uses_them_whatever_an_earlier_run_was_made_of(one: Path, shared: SharedFolder) -> None:
    """A report of last month beside the run of today: extents of today are read from the folder until its end."""

    def made_of() -> list[str]:
        stamp = read_stamp(one / "prepared" / "stamp.json")
        assert stamp is not None
        return sorted(each.sha256 for each in stamp.inputs.values())

    @contextmanager
    def busy() -> Iterator[None]:
        raise ForbiddenByRule("another process is at work there", where="XTY/floods")
        yield

    earlier = made_of()
    file = one / "static" / "station_admin_mapping.csv"
    file.write_text(file.read_text().replace("3,no_station,02B", "3,G2,02B"))
    prepared(one, shared)
    today = made_of()
    assert today != earlier
    have_layers(shared, one / "prepared", earlier, busy)
    assert made_of() == today
    have_layers(shared, one / "prepared", today, busy)  # nothing is to be replaced: nobody is asked
    have_layers(shared, one / "prepared", earlier)
    assert made_of() == earlier
    shutil.rmtree(one / "prepared")
    have_layers(shared, one / "prepared", earlier, busy)  # nor where there are none
    assert made_of() == earlier
