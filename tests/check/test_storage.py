"""Folders that are URLs, and a store that is looked at before anybody relies on it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ibf_pipeline.check.storage import check_storage
from ibf_pipeline.config.configuration import Configuration, load
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.sql import Database
from ibf_pipeline.storage.storage import Storage
from tests.worlds.services.s3 import S3Server, bucket, s3  # noqa: F401 - fixtures


def no_database() -> Database:
    raise AssertionError("not asked")


def settings(folder: Path, **changes: object) -> Configuration:
    content = {"sources": {}, "targets": {}} | changes
    (folder / "settings.yaml").write_text(yaml.safe_dump(content))
    return load(folder)


@pytest.mark.parametrize("key", ["static", "prepared", "runs", "sandbox", "inputs"])
def test_a_path_that_is_a_url_is_refused_by_name(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"settings\.yaml: paths\.{key}: .*`store\.url`"):
        settings(tmp_path, paths={key: "s3://bucket/ibf"})
    assert not list(tmp_path.glob("s3*"))


def test_other_folders_that_are_urls_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"targets\.out\.folder: .*`store\.url`"):
        settings(tmp_path, targets={"out": {"kind": "files", "folder": "s3://bucket/ibf"}})
    with pytest.raises(ConfigError, match=r"sources\.own\.root: .*kind of source that has a `url`"):
        settings(tmp_path, sources={"own": {"kind": "folder", "root": "s3://bucket/ibf"}})


def test_a_path_that_becomes_a_url_through_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNS", "s3://bucket/ibf")
    configuration = settings(tmp_path, paths={"runs": "${RUNS}"})
    with pytest.raises(ConfigError, match=r"\$\{RUNS\} is s3://\.\.\., a URL") as error:
        configuration.path(configuration.settings.paths.runs)
    assert "store.url" in error.value.remedy


def test_a_store_is_written_listed_read_and_cleaned(s3: S3Server, bucket: str) -> None:  # noqa: F811 - the fixtures
    storage = Storage(None, FileStore(f"s3://{bucket}/ibf", RetryPolicy(), s3.endpoint))
    (found,) = check_storage(storage, no_database)
    assert (found.level, found.found) == (
        "fine",
        f"s3://{bucket}/ibf can be written, read, listed and deleted from",
    )
    assert s3.files.find(bucket) == []


@pytest.mark.parametrize("method", ["PUT", "GET .*list-type", "DELETE"])
def test_a_store_that_does_not_allow_all_of_it(s3: S3Server, bucket: str, method: str) -> None:  # noqa: F811
    s3.faults.refuse, s3.faults.status, s3.faults.code, s3.faults.of = 10**6, 403, "AccessDenied", method
    (found,) = check_storage(Storage(None, FileStore(f"s3://{bucket}/ibf", RetryPolicy(), s3.endpoint)), no_database)
    assert found.level == "error"
    assert "AccessDenied" in found.found
    assert "AWS_ACCESS_KEY_ID" in found.remedy


def test_nothing_is_checked_of_folders_of_this_machine() -> None:
    assert list(check_storage(Storage(), no_database)) == []
