"""Which attributes of a file speak for its GloFAS version."""

import pytest

from ibf_pipeline.discharge.version import VersionRefused, version_in_attributes


@pytest.mark.parametrize(
    ("attributes", "version"),
    [
        ({"title": "GloFAS operational, version 5.0"}, "5.0"),
        ({"source": "glofas_v4"}, "4"),
        ({"Title": "GloFAS River Discharge Forecast v4.1"}, "4.1"),
        ({"model_version": "GloFAS 5"}, "5"),
        ({"title": "GloFAS v5", "history": "glofas_v4", "comment": "GloFAS v4", "NCO": "version 4.9.7"}, "5"),
        ({"glofas_version": "5", "title": "GloFAS v5.1"}, "5"),
        ({"title": "GloFAS 30-day forecast", "source": "Lisflood output maps"}, None),
        ({"history": "ncks -A uparea_glofas_v4_0.nc dis.nc"}, None),
    ],
)
def test_the_version_that_a_file_states(attributes: dict[str, str], version: str | None) -> None:
    assert version_in_attributes(attributes, "dis.nc") == version


@pytest.mark.parametrize("other", [{"source": "GloFAS version 4"}, {"model_version": "4.0"}])
def test_statements_that_contradict_each_other(other: dict[str, str]) -> None:
    with pytest.raises(VersionRefused, match="its attributes contradict each other: "):
        version_in_attributes({"title": "GloFAS v5.0", **other}, "dis.nc")
