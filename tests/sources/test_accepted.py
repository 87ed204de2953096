"""Which GloFAS version a forecast is of, and what an operator reads on the day when it is another one."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.settings import Settings
from ibf_pipeline.discharge.version import VersionRefused
from ibf_pipeline.sources.version_acceptance import accepted_version
from tests.worlds.countries import tiny_country

FILE = Path("in/glofas.grib2")


def cube(version: str = "", *process_ids: int) -> xr.DataArray:
    return xr.DataArray(attrs={"glofas_version": version, "glofas_process_ids": list(process_ids)})


def settings(**process_ids: list[int]) -> Settings:
    known = {name.lstrip("v"): ids for name, ids in process_ids.items()}
    return Settings.model_validate({"sources": {}, "targets": {}, "glofas_process_ids": known})


def country(**changes: object) -> FloodCountry:
    return tiny_country.country(**changes)


def test_process_ids_tell_more_than_what_is_declared() -> None:
    assert accepted_version(cube("4", 5), country(), settings(v4=[5, 6]), FILE) == "4"
    assert accepted_version(cube("4"), country(), settings(), FILE) == "4"
    assert accepted_version(cube("4.5", 99), country(accepted_process_ids=[99]), settings(), FILE) == "4.5"
    with pytest.raises(VersionRefused, match="of GloFAS v5, the thresholds are of v4"):
        accepted_version(cube("4", 7), country(), settings(v4=[5], v5=[7]), FILE)


def test_the_day_version_5_goes_live_with_an_id_that_nobody_knows() -> None:
    with pytest.raises(VersionRefused) as refused:
        accepted_version(cube("", 7), country(), settings(v4=[5]), FILE)
    assert refused.value.found == "the GRIB process id 7 is of no known GloFAS version"
    assert refused.value.expected == "a known id: v4: [5]"
    assert "a new id is a new model" in refused.value.remedy
    assert "accepted_process_ids: [7]" in refused.value.remedy


def test_the_day_version_5_goes_live_and_says_so() -> None:
    with pytest.raises(VersionRefused) as refused:
        accepted_version(cube("5.0"), country(), settings(), FILE)
    assert 'set thresholds_version: "5" in countries/XTY.yaml' in refused.value.remedy
    assert 'accepted_versions: ["5"]' in refused.value.remedy
    assert accepted_version(cube("5.0"), country(accepted_versions=["5"]), settings(), FILE) == "5.0"
    assert accepted_version(cube("5.0"), country(thresholds_version="5"), settings(), FILE) == "5.0"


def test_two_models_in_one_file() -> None:
    with pytest.raises(VersionRefused, match="versions 4 and 5 lie together"):
        accepted_version(cube("", 5, 7), country(accepted_versions=["5"]), settings(v4=[5], v5=[7]), FILE)


def test_both_grib_ids_must_be_of_one_version() -> None:
    seen = cube("", 5).assign_attrs(glofas_background_ids=[21])
    assert accepted_version(seen, country(), settings(v4=[5]), FILE) == "4"
    with pytest.raises(VersionRefused) as refused:
        accepted_version(seen.assign_attrs(glofas_background_ids=[21, 22]), country(), settings(v4=[5]), FILE)
    assert (refused.value.found, refused.value.where, refused.value.expected) == (
        "the GRIB background process 22 is none of GloFAS v4's, which the process id stands for",
        str(FILE),
        "a known background process: v4: [21]",
    )
    assert "glofas_background_ids in settings.yaml" in refused.value.remedy
    with pytest.raises(VersionRefused, match=r"21 is none of GloFAS v5's"):
        accepted_version(
            seen.assign_attrs(glofas_process_ids=[7]), country(thresholds_version="5"), settings(v5=[7]), FILE
        )


@pytest.mark.parametrize(
    ("background", "more", "accepted"), [(21, [], True), (255, [], True), (98, [98], True), (98, [], False)]
)
def test_an_accepted_process_id_does_not_answer_for_the_background_process(
    background: int, more: list[int], accepted: bool
) -> None:
    seen = cube("4", 99).assign_attrs(glofas_background_ids=[background])
    operator = country(accepted_process_ids=[99], accepted_background_ids=more)
    if accepted:
        assert accepted_version(seen, operator, settings(v4=[5]), FILE) == "4"
    else:
        with pytest.raises(VersionRefused, match="98 is none of GloFAS v4's") as refused:
            accepted_version(seen, operator, settings(v4=[5]), FILE)
        assert "accepted_background_ids: [98]" in refused.value.remedy


def test_a_known_process_id_without_a_background_process_is_refused() -> None:
    with pytest.raises(VersionRefused, match="255 is none of GloFAS v4's"):
        accepted_version(cube("", 5).assign_attrs(glofas_background_ids=[255]), country(), settings(v4=[5]), FILE)


def test_what_a_source_declares_may_not_contradict_what_its_files_tell() -> None:
    for seen in (cube("5.0"), cube("4", 7)):
        declared = seen.assign_attrs(glofas_version_declared="4")
        with pytest.raises(VersionRefused, match=r"of GloFAS v5.*, its source declares v4") as refused:
            accepted_version(declared, country(thresholds_version="5"), settings(v4=[5], v5=[7]), FILE)
        assert "correct glofas_version of the source" in refused.value.remedy
        declared = seen.assign_attrs(glofas_version_declared="5.1")
        assert accepted_version(declared, country(thresholds_version="5"), settings(v5=[7]), FILE)[0] == "5"


def test_an_accepted_id_without_any_version_is_not_enough() -> None:
    with pytest.raises(VersionRefused, match="nothing says which GloFAS version"):
        accepted_version(cube("", 99), country(accepted_process_ids=[99]), settings(), FILE)
