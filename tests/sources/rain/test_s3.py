"""Rain out of an object store on loopback: with keys, without them, a bucket that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.errors import InputMissing
from tests.sources.rain.test_files import MODEL, model
from tests.sources.rain.world import at, block
from tests.worlds.services.s3 import KEYS, S3Server, s3  # noqa: F401 - a fixture


@pytest.fixture
def endpoint(tmp_path: Path, s3: S3Server) -> str:  # noqa: F811 - the fixture
    """A store with a bucket of two runs."""
    for began in (-6, 0):
        model(tmp_path / "model", began, lambda hour, began=began: 1 - began)
    s3.files.mkdir("rain")
    s3.files.put(f"{tmp_path}/model/", "s3://rain/model/", recursive=True)
    return s3.endpoint


def test_a_bucket_with_and_without_keys(tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = {"kind": "rain-object-store", "endpoint_url": endpoint, "attempts": 1, **MODEL, "url": "s3://rain/model"}
    store = {key: value for key, value in store.items() if key != "root"} | {"kind": "rain-object-store"}
    found = block(tmp_path, {"store": store})
    assert at(found.rain, 1) == (1, "model 2026-02-15T06")
    assert at(found.rain, 0) == (7, "model 2026-02-15T00")
    plain = store | {"files": "forecast/%Y%m%d%H/rain.nc"}
    assert at(block(tmp_path, {"store": plain}).rain, 1)[0] == 1
    with pytest.raises(InputMissing, match="source store is passed over: no rain of 2026-02-15 06:00 UTC"):
        block(tmp_path, {"store": store | {"url": "s3://elsewhere/model"}})
    for name in KEYS:
        monkeypatch.delenv(name)
    with pytest.raises(InputMissing, match=r"source store is passed over: .*NoCredentialsError"):
        block(tmp_path, {"store": store})
