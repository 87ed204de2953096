"""The store of files: whole under a new key, on a folder and on S3, whatever the server does."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing, StoreUnavailable, WriteFailed
from ibf_pipeline.io.file_faults import file_fault_of
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from tests.worlds.services.s3 import S3Server, bucket, s3  # noqa: F401 - fixtures

TEXT = b"twelve bytes"
SHA = hashlib.sha256(TEXT).hexdigest()
LARGE = bytes(range(256)) * 4096
"""1 MiB"""


class Clock:
    """Time that passes where somebody sleeps; `at`: seconds -> what happens then."""

    def __init__(self) -> None:
        self.now = 0.0
        self.at: dict[float, Any] = {}

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        for moment in [each for each in self.at if each <= self.now]:
            self.at.pop(moment)()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def retry_policy(clock: Clock) -> RetryPolicy:
    return RetryPolicy(10, 5, clock.sleep, 300, lambda: clock.now)


@pytest.fixture
def on_s3(s3: S3Server, bucket: str, retry_policy: RetryPolicy) -> FileStore:  # noqa: F811 - the fixtures
    return FileStore(f"s3://{bucket}/ibf", retry_policy, s3.endpoint)


@pytest.fixture
def in_folder(tmp_path: Path, retry_policy: RetryPolicy) -> FileStore:
    return FileStore(f"file://{tmp_path}/store", retry_policy)


@pytest.fixture(params=["on_s3", "in_folder"])
def store(request: pytest.FixtureRequest) -> FileStore:
    chosen: FileStore = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "a.txt").write_bytes(TEXT)
    return tmp_path / "a.txt"


def test_a_file_goes_there_and_comes_back_and_is_listed_and_deleted(
    store: FileStore, file: Path, tmp_path: Path
) -> None:
    told: list[int] = []
    before = time.time()
    for key in ("UGA/floods/a.txt", "UGA/b.txt", "KEN/a.txt"):
        store.put(file, key, told.append)
    store.get("UGA/floods/a.txt", tmp_path / "new" / "back.txt", SHA, told.append)
    assert (tmp_path / "new" / "back.txt").read_bytes() == TEXT
    assert sum(told) == 4 * 12
    assert sorted((each.key, each.size) for each in store.objects("UGA/")) == [
        ("UGA/b.txt", 12),
        ("UGA/floods/a.txt", 12),
    ]
    assert {each.key for each in store.objects()} == {"UGA/floods/a.txt", "UGA/b.txt", "KEN/a.txt"}
    assert all(abs(each.modified.timestamp() - before) < 60 for each in store.objects())
    store.remove(["UGA/floods/a.txt", "UGA/nothing.txt", "KEN/a.txt"])
    assert [each.key for each in store.objects()] == ["UGA/b.txt"]
    assert list(store.objects("XXX/")) == []


def test_a_key_is_never_overwritten(store: FileStore, file: Path, tmp_path: Path) -> None:
    store.put(file, "a.txt")
    store.put(file, "a.txt")  # the answer to a first upload may be lost
    (tmp_path / "other.txt").write_bytes(b"other content")
    with pytest.raises(StoreUnavailable, match=r"a\.txt is there already, with another content"):
        store.put(tmp_path / "other.txt", "a.txt")
    store.get("a.txt", tmp_path / "back.txt", SHA)


def test_a_file_that_is_another_one_is_refused(store: FileStore, file: Path, tmp_path: Path) -> None:
    store.put(file, "a.txt")
    with pytest.raises(InputInvalid, match="not what was put there"):
        store.get("a.txt", tmp_path / "back.txt", "0" * 64)
    assert not (tmp_path / "back.txt").exists()
    assert not list(tmp_path.glob(".*part"))


def test_a_key_that_is_not_there_is_looked_for_five_times(
    store: FileStore, clock: Clock, file: Path, tmp_path: Path
) -> None:
    store.put(file, "a.txt")
    with pytest.raises(StoreUnavailable, match=r"b\.txt cannot be had: it is not there") as error:
        store.get("b.txt", tmp_path / "back.txt", SHA)
    assert error.value.expected == "what the records say is there"
    assert 12 <= clock.now < 60


def test_files_that_cannot_be_read_or_written_here(store: FileStore, file: Path, tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="was to be put"):
        store.put(tmp_path / "none.txt", "a.txt")
    store.put(file, "a.txt")
    with pytest.raises(WriteFailed):
        store.get("a.txt", file / "below-a-file.txt", SHA)


def test_an_overloaded_store_is_tried_again(on_s3: FileStore, s3: S3Server, file: Path, tmp_path: Path) -> None:  # noqa: F811
    told: list[int] = []
    s3.faults.refuse = 4
    on_s3.put(file, "a.txt", told.append)
    s3.faults.refuse = 4
    on_s3.get("a.txt", tmp_path / "back.txt", SHA, told.append)
    s3.faults.refuse = 4
    assert [each.key for each in on_s3.objects()] == ["a.txt"]
    s3.faults.refuse = 4
    on_s3.remove(["a.txt"])
    assert s3.files.find(on_s3.url) == []
    assert sum(told) == 24
    assert len([each for each in s3.asked if each.status == 503]) == 16


def test_connections_that_are_cut_in_the_middle(on_s3: FileStore, s3: S3Server, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "large").write_bytes(LARGE)
    told: list[int] = []
    s3.faults.cut, s3.faults.of = 3, "PUT"
    on_s3.put(tmp_path / "large", "large")
    s3.faults.cut, s3.faults.of = 3, "GET"
    on_s3.get("large", tmp_path / "back", hashlib.sha256(LARGE).hexdigest(), told.append)
    assert s3.faults.cut == 0
    assert (tmp_path / "back").read_bytes() == LARGE
    assert sum(told) == len(LARGE)


def test_a_transfer_that_arrives_damaged_is_made_again(
    on_s3: FileStore,
    s3: S3Server,  # noqa: F811
    file: Path,
    tmp_path: Path,
) -> None:
    on_s3.put(file, "a.txt")
    s3.faults.damage = 2
    on_s3.get("a.txt", tmp_path / "back.txt", SHA)
    assert len(s3.requests("GET /.*/ibf/a.txt")) == 3
    s3.faults.damage = 99
    with pytest.raises(InputInvalid, match="not what was put there"):
        on_s3.get("a.txt", tmp_path / "again.txt", SHA)


def test_a_key_that_appears_late_is_waited_for(on_s3: FileStore, s3: S3Server, file: Path, tmp_path: Path) -> None:  # noqa: F811
    on_s3.put(file, "a.txt")
    path = f"/{on_s3.url.removeprefix('s3://')}/a.txt"
    s3.faults.hidden[path] = 3
    on_s3.get("a.txt", tmp_path / "back.txt", SHA)
    assert s3.faults.hidden[path] == 0
    s3.faults.late = 2
    on_s3.put(file, "b.txt")  # returns when it can be read
    s3.faults.late = 0
    on_s3.get("b.txt", tmp_path / "b.txt", SHA)


def test_a_store_that_is_away_is_waited_for(on_s3: FileStore, s3: S3Server, clock: Clock, file: Path) -> None:  # noqa: F811
    s3.go_away()
    clock.at[20] = s3.back
    on_s3.put(file, "a.txt")
    assert 20 <= clock.now < 60


def test_a_store_that_stays_away_is_one_error(
    s3: S3Server,  # noqa: F811
    file: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-mine")
    store = FileStore("s3://bucket/ibf", RetryPolicy(10, 5, clock.sleep, 30, lambda: clock.now), s3.endpoint)
    s3.go_away()
    with pytest.raises(StoreUnavailable, match=r"^s3://bucket/ibf: a\.txt cannot be put there \(.*onnect") as error:
        store.put(file, "a.txt")
    assert 30 <= clock.now < 31
    assert "a-secret-of-mine" not in str(error.value)
    assert error.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "code", "remedy"),
    [
        (403, "InvalidAccessKeyId", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for every process"),
        (403, "AccessDenied", "set AWS_ACCESS_KEY_ID"),
        (400, "ExpiredToken", "set AWS_ACCESS_KEY_ID"),
        (404, "NoSuchBucket", "create it, or correct store.url"),
        (501, "NotImplemented", "use a newer version of the store"),
    ],
)
def test_what_waiting_does_not_help_against_is_said_at_once(
    on_s3: FileStore,
    s3: S3Server,  # noqa: F811
    clock: Clock,
    file: Path,
    status: int,
    code: str,
    remedy: str,
) -> None:
    s3.faults.refuse, s3.faults.status, s3.faults.code = 10**6, status, code
    with pytest.raises(StoreUnavailable, match=code) as error:
        on_s3.put(file, "a.txt")
    assert remedy in error.value.remedy
    assert clock.now == 0


def test_no_keys_and_no_bucket(
    on_s3: FileStore,
    s3: S3Server,  # noqa: F811
    clock: Clock,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(StoreUnavailable, match="NoSuchBucket"):
        FileStore("s3://no-such-bucket/ibf", on_s3.retry_policy, s3.endpoint).put(file, "a.txt")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    with pytest.raises(StoreUnavailable, match="NoCredentialsError"):
        on_s3.put(file, "a.txt")
    assert clock.now == 0


def test_an_upload_in_parts_that_fails_is_given_up_whole(
    on_s3: FileStore,
    s3: S3Server,  # noqa: F811
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """s3fs sends in parts what is larger than 100 MiB; here what is larger than 10."""
    monkeypatch.setattr("s3fs.core.calculate_chunksize", lambda size, chunksize=None, max_size=0: 5 << 20)
    content = LARGE * 11
    file.write_bytes(content)
    s3.faults.refuse, s3.faults.status, s3.faults.code, s3.faults.of = 99, 403, "AccessDenied", "partNumber=2"
    with pytest.raises(StoreUnavailable, match="AccessDenied"):
        on_s3.put(file, "large")
    assert len(s3.requests("^DELETE .*uploadId=")) == 1
    assert list(on_s3.objects()) == []
    s3.faults.refuse, s3.faults.cut = 0, 3
    on_s3.put(file, "large")
    assert [each.size for each in on_s3.objects()] == [11 << 20]
    file.write_bytes(content[:-1] + b"x")
    with pytest.raises(StoreUnavailable, match="another content"):
        on_s3.put(file, "large")


def test_an_answer_that_is_no_listing_is_an_error(on_s3: FileStore, s3: S3Server) -> None:  # noqa: F811
    s3.faults.refuse, s3.faults.status, s3.faults.of, s3.faults.page = 10**6, 200, "list-type", b"<html>Log in</html>"
    with pytest.raises(StoreUnavailable, match="not a listing of a bucket"):
        list(on_s3.objects())


def test_eight_threads_at_once_and_processes_that_were_forked(store: FileStore, file: Path, tmp_path: Path) -> None:
    def there_and_back(number: int) -> bytes:
        store.put(file, f"{number}.txt")
        store.get(f"{number}.txt", tmp_path / f"{os.getpid()}-{number}", SHA)
        return (tmp_path / f"{os.getpid()}-{number}").read_bytes()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(there_and_back, range(16))) == [TEXT] * 16

    def in_child() -> None:
        with ThreadPoolExecutor(8) as pool:
            ok = list(pool.map(there_and_back, range(20, 28))) == [TEXT] * 8
        os._exit(0 if ok else 1)

    child = multiprocessing.get_context("fork").Process(target=in_child)
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert there_and_back(30) == TEXT
    assert len(list(store.objects())) == 25


def test_a_folder_that_may_not_be_written_to(clock: Clock, retry_policy: RetryPolicy) -> None:
    """Root may write anywhere, so for it a process of nobody's tries."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        file, closed = Path(place) / "a.txt", Path(place) / "closed"
        file.write_bytes(TEXT)
        closed.mkdir(mode=0o500)

        def refused() -> bool:
            with pytest.raises(StoreUnavailable) as error:
                FileStore(f"file://{closed}", retry_policy).put(file, "UGA/a.txt")
            return "give it the right to read and write the folder" in error.value.remedy and clock.now == 0

        def as_nobody() -> None:
            os.setuid(65534)
            os._exit(0 if refused() else 1)

        if os.getuid():
            assert refused()
            return
        child = multiprocessing.get_context("fork").Process(target=as_nobody)
        child.start()
        child.join(60)
        assert child.exitcode == 0


@pytest.mark.parametrize("url", ["runs", "s3:bucket", "https://bucket", "ftp://host/a", "s3://", "file://runs"])
def test_addresses_of_no_store(url: str, retry_policy: RetryPolicy) -> None:
    with pytest.raises(ConfigError, match="is not the address of a store") as error:
        FileStore(url, retry_policy)
    assert error.value.where == "settings.yaml: store.url"


def test_an_endpoint_is_for_stores_that_have_one(retry_policy: RetryPolicy) -> None:
    with pytest.raises(ConfigError, match="takes no endpoint_url"):
        FileStore("abfs://container/ibf", retry_policy, "http://127.0.0.1:1")


@pytest.mark.parametrize(("url", "extra"), [("s3://b/i", "s3"), ("abfs://b/i", "azure"), ("gcs://b/i", "gcs")])
def test_a_package_that_is_not_installed(
    url: str, extra: str, retry_policy: RetryPolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise ImportError("Install it")

    monkeypatch.setattr("fsspec.filesystem", missing)
    monkeypatch.setattr("ibf_pipeline.io.file_systems._opened", {})
    with pytest.raises(ConfigError) as error:
        list(FileStore(url, retry_policy).objects())
    assert error.value.remedy == f"pip install -c constraints.txt '.[{extra}]' in the project's folder"


def _azure(status: int, code: str) -> Exception:
    error = Exception("words")
    error.status_code, error.error_code = status, SimpleNamespace(value=code)  # type: ignore[attr-defined]
    return error


def _google(status: int) -> Exception:
    from gcsfs.retry import HttpError

    return HttpError({"code": status, "message": "words"})


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (_azure(404, "ContainerNotFound"), "no bucket"),
        (_azure(404, "BlobNotFound"), "missing"),
        (_azure(403, "AuthenticationFailed"), "refused"),
        (_azure(503, "ServerBusy"), "away"),
        (_azure(400, "Md5Mismatch"), "damaged"),
        (partial(_google, 401), "refused"),
        (partial(_google, 429), "away"),
        (OSError("Forbidden: https://storage.googleapis.com/..."), "refused"),
        (partial(_google, 412), "exists"),
        (OSError(28, "No space left on device"), "full"),
        (OSError(30, "Read-only file system"), "refused"),
        (RecursionError("maximum recursion depth exceeded"), "redirected"),
        (TimeoutError(), "away"),
    ],
)
def test_what_errors_of_other_stores_mean(error: Exception | Callable[[], Exception], meaning: str) -> None:
    assert file_fault_of(error() if callable(error) else error).meaning == meaning
