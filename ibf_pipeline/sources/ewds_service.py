"""Orders of the Early Warning Data Store: submitted, waited for, fetched; through ECMWF's own client."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import requests

from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io import http
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.http_errors import NoAnswer, Refused
from ibf_pipeline.io.redaction import Redactor, quiet_addresses, without_queries
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.session import Session
from ibf_pipeline.sources.ewds_request import Request
from ibf_pipeline.sources.source import AccountMissing

if TYPE_CHECKING:
    from ecmwf.datastores import Client, Remote

log = logging.getLogger(__name__)

Progress = Callable[[str, float], None]
"""called with (state of the order, seconds since it was placed) at every look"""

_NO_DATA: Final = (
    "no data",
    "nodata",
    "no matching data",
    "data not found",
    "not yet available",
    "is available yet",
    "latest date available",
)
"""what a refused or failed order says if the run is not in the archive yet"""
_UNKNOWN: Final = "Unknown API state"
"""what ECMWF's client says of a state that it has no name for"""
_GONE: Final = (403, 404, 410)
"""answers if a result was deleted, or its signed address has expired"""
_FIRST_PAUSE: Final = 1.0
"""seconds between the first two looks; each next pause is half as long again"""


@dataclass(frozen=True, slots=True)
class Queue:
    """How long an order is waited for, in seconds."""

    retry_seconds: float = 20
    """between two tries of a request"""
    longest_seconds: float = 5400
    longest_poll_seconds: float = 30
    """between two looks"""


class EwdsService:
    """One collection of the service, with one account."""

    def __init__(self, url: str, dataset: str, key: Callable[[], str], retry_policy: RetryPolicy, queue: Queue) -> None:
        self.url = url.rstrip("/")
        self._dataset = dataset
        self.address = f"{self.url} ({dataset})"
        """The collection, for messages."""
        self._key = key
        self._retry_policy = retry_policy
        self._queue = queue
        self._opened: Client | None = None

    def form(self) -> Sequence[Mapping[str, Any]] | None:
        """The widgets of the order form; None if the service offers none."""
        return self._whole_form(lambda: self._client.get_collection(self._dataset).form)

    def public_form(self) -> Sequence[Mapping[str, Any]] | None:
        """As `form`, asked without an account: ECMWF's own client needs none for the catalogue, but reads a key from
        files of its own if it is given none.
        """
        return self._whole_form(self._ask_form)

    def _ask_form(self) -> Any:
        with closing(Session(follows=True)) as session:
            url = f"{self.url}/catalogue/v1/collections/{self._dataset}/form.json"
            answer = session.get(url, timeout=self._retry_policy.timeout_seconds)
            answer.raise_for_status()
            return answer.json()

    def _whole_form(self, ask: Callable[[], Any]) -> Any:
        form = self._offered("form", ask)
        return self._known("form", form, isinstance(form, list) and form and all(isinstance(w, Mapping) for w in form))

    def possible(self, request: Request) -> Mapping[str, Any] | None:
        """The values that are possible beside those of an order, by key; None if the service does not tell."""
        possible = self._offered("constraints", lambda: self._client.apply_constraints(self._dataset, request))
        whole = isinstance(possible, Mapping) and any(isinstance(possible.get(key), list) for key in request)
        return self._known("constraints", possible, whole)

    def cost(self, request: Request) -> tuple[float, float] | None:
        """(cost of an order, the account's limit); None if the service does not tell."""
        answer = self._offered("costing", lambda: self._client.estimate_costs(self._dataset, request))
        try:
            return None if answer is None else (float(answer["cost"]), float(answer["limit"]))
        except (KeyError, TypeError, ValueError):
            return None

    def submit(self, request: Request) -> str:
        """Place an order; its id."""
        with self._errors("the order was refused"):
            return str(self._client.submit(self._dataset, request).request_id)

    def wait(self, order: str, progress: Progress) -> None:
        """Wait until an order is ready.

        Raises InputMissing if it failed because the run is not there yet, ServerRefused if it failed otherwise,
        ServerUnreachable if it takes too long.
        """
        began, pause = self._retry_policy.clock(), _FIRST_PAUSE
        with self._errors(f"order {order} failed"):
            remote: Remote = self._client.get_remote(order)
            while not remote.results_ready:
                waited = self._retry_policy.clock() - began
                progress(str(remote.last_status), waited)
                if waited + pause > self._queue.longest_seconds:
                    raise ServerUnreachable(
                        f"order {order} is still {remote.last_status} after {waited / 60:.0f} minutes",
                        where=self.address,
                        expected="an answer within queue_minutes",
                        remedy="run again: the order goes on, and is continued and not placed twice",
                    )
                self._retry_policy.sleep(pause)
                pause = min(1.5 * pause, self._queue.longest_poll_seconds)
            progress("successful", self._retry_policy.clock() - began)

    def is_over(self, order: str) -> bool:
        """Whether an order waits and runs no longer, because it was carried out, failed or was forgotten."""
        try:
            with self._errors(f"order {order} failed"):
                return bool(self._client.get_remote(order).results_ready)
        except (InputMissing, ServerRefused):
            return True

    def download(self, order: str, target: Path) -> None:
        """Fetch the result of an order; it appears under its name when it has the size that the service names.

        Raises ServerRefused if the service has no result any more, ServerUnreachable if another try may help.
        """
        partial = target.with_name(target.name + ".part")
        with write_errors(partial):
            partial.parent.mkdir(parents=True, exist_ok=True)
        from ecmwf.datastores.processing import DownloadError

        what = f"the result of order {order} could not be fetched"
        with self._errors(what):
            results = self._client.get_results(order)
            try:
                results.download(str(partial))
            except DownloadError as error:
                raise self._without_result(f"{what}: {_short(error)}", results.location) from None
        with write_errors(target):
            partial.replace(target)

    @property
    def _client(self) -> Client:
        if self._opened is None:
            from ecmwf.datastores import Client  # half a second: only if something is ordered

            quiet_addresses("multiurl.base", "multiurl.http", "multiurl.retry")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the service's messages of the day could not be read
                self._opened = Client(
                    url=self.url,
                    key=self._key(),
                    progress=False,
                    cleanup=False,
                    timeout=self._retry_policy.timeout_seconds,
                    sleep_max=self._queue.longest_poll_seconds,
                    retry_after=self._queue.retry_seconds,
                    maximum_tries=self._retry_policy.attempts,
                    session=Session(follows=True),
                    log_callback=_log,
                )
        return self._opened

    def _offered(self, what: str, ask: Callable[[], Any]) -> Any:
        """An answer that is a help and no need: nothing stops if the service does not give it."""
        try:
            with self._errors(f"its {what} cannot be read"):
                return ask()
        except ServerRefused as error:
            if "401" in error.found or isinstance(error, AccountMissing):
                raise
            log.info("%s: goes unchecked: %s", self.address, error.found)
        except (ServerUnreachable, InputMissing) as error:
            log.info("%s: goes unchecked: %s", self.address, error.found)
        return None

    def _known(self, what: str, answer: Any, whole: object) -> Any:
        """An answer in the form that is known, else None: one of another form says nothing."""
        if answer is not None and not whole:
            log.warning("%s: its %s goes unchecked: the answer has another form than it had", self.address, what)
        return answer if whole else None

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        from ecmwf.datastores.processing import DownloadError, LinkError, ProcessingFailedError

        try:
            yield
        except IbfError:
            raise
        except requests.HTTPError as error:
            raise self._judged(what, error.response, str(error)) from None
        except (requests.RequestException, DownloadError, AssertionError) as error:  # its downloader asserts the size
            raise self._unreachable(f"{what}: {_short(error)}") from None
        except (ProcessingFailedError, LinkError) as error:
            if _UNKNOWN in str(error) or (isinstance(error, LinkError) and what.startswith("order ")):
                raise self._unreachable(f"{what}: {_short(error)}") from None
            raise self._failed(f"{what}: {_short(error) or 'the service gives no reason'}") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            found = f"{what}: the answer is not what ECMWF's client knows ({type(error).__name__})"
            if what.startswith("order "):  # says nothing about an order that was placed: it goes on
                raise self._unreachable(found) from None
            raise self._refused(found, "look whether ecmwf-datastores-client has a newer version") from None

    def _judged(self, what: str, response: requests.Response | None, said: str) -> IbfError:
        status = response.status_code if response is not None else 0
        # the client's text begins with the address, whose path may carry a signature
        text = _short(said.split("\n", 1)[1] if "\n" in said else (response.reason if response is not None else said))
        found = f"{what}: {status} {text}"
        if status == 401:
            return self._refused(found, "check the key in the environment variable that the source names")
        if "licence" in text.lower():
            return self._refused(
                found,
                "accept the licences once, in a browser, at the end of the collection's download form: "
                f"{self.url.removesuffix('/api')}/datasets/{self._dataset}?tab=download",
            )
        if status == 429 or status >= 500:
            return self._unreachable(found)
        if what.startswith("order ") or any(hint in text.lower() for hint in _NO_DATA):
            return self._failed(found)
        return self._refused(found, "hold the order against the service's form; `request:` of the source changes it")

    def _without_result(self, found: str, location: str) -> IbfError:
        """The client hides why a result could not be fetched: its address is asked once more."""
        client = http.Client(http.Server(""), replace(self._retry_policy, attempts=1), Redactor())
        try:
            with closing(client), client.open(location, {}):
                return self._unreachable(found)
        except (NoAnswer, Refused) as error:
            found = f"{found}: {error.found}"
            if isinstance(error, NoAnswer) or error.status not in _GONE:
                return self._unreachable(found)
            return self._refused(found, "run again: what the service has no longer is ordered again")

    def _failed(self, found: str) -> IbfError:
        if any(hint in found.lower() for hint in _NO_DATA):
            return InputMissing(
                found,
                where=self.address,
                expected="the run of the issue date in the archive",
                remedy="run again when it has been published",
            )
        return self._refused(found, "look at the order on the service's page `Your requests`, and run again")

    def _refused(self, found: str, remedy: str) -> ServerRefused:
        return ServerRefused(found, where=self.address, expected="an accepted order", remedy=remedy)

    def _unreachable(self, found: str) -> ServerUnreachable:
        return ServerUnreachable(
            found, where=self.address, expected="an answer within the tries allowed", remedy="run again later"
        )


def _short(error: object) -> str:
    text = without_queries(" ".join(str(error).split()))
    return text if len(text) <= 300 else text[:297] + "..."


def _log(level: int, message: str, *arguments: object) -> None:
    """The client's own log: its debug lines hold whole answers, with addresses that are credentials."""
    if level >= logging.INFO:
        log.log(level, "EWDS: %s", message)
