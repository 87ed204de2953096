"""The store on Azure's and Google's emulators, as real programs.

Needs `azurite-blob` (npm package azurite) and `gcp-storage-emulator` (Python package) on the PATH, or their paths in
AZURITE_BLOB and GCS_EMULATOR: what is not there is skipped aloud.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest

from ibf_pipeline.errors import StoreUnavailable
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy

pytestmark = pytest.mark.story
ACCOUNT = "devstoreaccount1"
CONTENT = bytes(range(256)) * 4096 * 7
"""7 MiB: in parts, for both"""
SHA = hashlib.sha256(CONTENT).hexdigest()
PATIENCE = RetryPolicy(10, 3, lambda seconds: None, 0)


@contextmanager
def program(variable: str, name: str, arguments: list[str], port: int, folder: Path) -> Iterator[None]:
    """A server of its own, until the block ends."""
    found = os.environ.get(variable) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    with (folder / f"{name}.log").open("wb") as log:
        running = subprocess.Popen([found, *arguments], cwd=folder, stdout=log, stderr=log)
        try:
            end = time.monotonic() + 60
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert running.poll() is None
                assert time.monotonic() < end
                time.sleep(0.1)
            yield
        finally:
            running.terminate()
            running.wait(30)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileStore]:
    port, key = free_port(), "a2V5IG9mIHRoZSB0ZXN0cw=="
    monkeypatch.setenv("AZURITE_ACCOUNTS", f"{ACCOUNT}:{key}")
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING",
        f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};"
        f"BlobEndpoint=http://127.0.0.1:{port}/{ACCOUNT};",
    )
    arguments = ["--blobPort", str(port), "--inMemoryPersistence", "--skipApiVersionCheck", "--silent"]
    with program("AZURITE_BLOB", "azurite-blob", arguments, port, tmp_path):
        fsspec.filesystem("abfs", skip_instance_cache=True).mkdir("kept")
        yield FileStore("abfs://kept/ibf", PATIENCE)


@pytest.fixture
def google(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FileStore]:
    port = free_port()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
    arguments = ["start", "--host=127.0.0.1", f"--port={port}", "--in-memory", "--default-bucket=kept"]
    with program("GCS_EMULATOR", "gcp-storage-emulator", arguments, port, tmp_path):
        yield FileStore("gcs://kept/ibf", PATIENCE)


@pytest.mark.parametrize("name", ["azure", "google"])
def test_a_file_goes_there_and_comes_back(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    store: FileStore = request.getfixturevalue(name)
    file, told = tmp_path / "file", list[int]()
    file.write_bytes(CONTENT)

    def there_and_back(number: int) -> bytes:
        store.put(file, f"UGA/{number}", told.append)
        store.get(f"UGA/{number}", tmp_path / f"{os.getpid()}-{number}", SHA, told.append)
        return (tmp_path / f"{os.getpid()}-{number}").read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(there_and_back, range(8))) == [CONTENT] * 8
    assert sum(told) == 16 * len(CONTENT)
    assert sorted((each.key, each.size) for each in store.objects("UGA/")) == [
        (f"UGA/{number}", len(CONTENT)) for number in range(8)
    ]
    assert all(abs(each.modified.timestamp() - time.time()) < 600 for each in store.objects())
    with pytest.raises(StoreUnavailable, match="it is not there"):
        store.get("UGA/none", tmp_path / "none", SHA)
    file.write_bytes(CONTENT)
    child = multiprocessing.get_context("fork").Process(target=there_and_back, args=(8,))
    child.start()
    child.join(120)
    assert child.exitcode == 0
    store.remove([each.key for each in store.objects()] + ["UGA/none"])
    assert list(store.objects()) == []


@pytest.mark.parametrize("name", ["azure", "google"])
def test_a_container_that_is_not_there(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    there: FileStore = request.getfixturevalue(name)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(StoreUnavailable) as error:
        FileStore(there.url.replace("kept", "nothing"), PATIENCE).put(tmp_path / "file", "a")
    assert "store.url" in error.value.remedy or "not there" in error.value.found


def test_a_key_is_never_overwritten(azure: FileStore, tmp_path: Path) -> None:
    """Google's emulator knows no conditions (`ifGenerationMatch`), so this is Azure's alone."""
    file = tmp_path / "file"
    for content in (b"one", CONTENT):
        file.write_bytes(content)
        azure.put(file, f"UGA/{len(content)}")
        azure.put(file, f"UGA/{len(content)}")
        file.write_bytes(content[:-1] + b"x")
        with pytest.raises(StoreUnavailable, match="another content"):
            azure.put(file, f"UGA/{len(content)}")


def test_an_account_that_is_not_let_in(azure: FileStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = "b3RoZXIga2V5IG9mIHRlc3Rz"
    known = os.environ["AZURE_STORAGE_CONNECTION_STRING"].partition("AccountKey=")
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", f"{known[0]}AccountKey={key};{known[2].partition(';')[2]}")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(StoreUnavailable) as error:
        azure.put(tmp_path / "file", "a")
    assert "set AZURE_STORAGE_CONNECTION_STRING" in error.value.remedy
    assert key not in str(error.value)
