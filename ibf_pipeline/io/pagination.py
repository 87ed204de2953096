"""Listings that come page by page (OData)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

from ibf_pipeline.errors import ServerRefused, errors_as
from ibf_pipeline.io.http import Client

_MOST_PAGES: Final = 200
"""pages of one listing; more is a server that goes in circles"""


def pages(client: Client, path: str, query: Mapping[str, str] | None = None, most: int = _MOST_PAGES) -> Iterator[Any]:
    """The JSON of every page of an OData listing.

    Parameters
    ----------
    client : Client
        Of the server.
    path : str
        Of the listing.
    query : Mapping[str, str], optional
        Of the first page; the server's links lead to the others.
    most : int
        Pages that a listing may have.

    Raises
    ------
    ServerRefused
        If the pages go in circles, are too many, or lie on another host.
    NoAnswer
        As `Client.ask`.
    """
    url, where, seen = client.address(path, query), client.server.base, set[str]()
    while True:
        if url in seen or len(seen) >= most:
            raise ServerRefused(
                f"the pages of {path} go in circles or never end",
                where=where,
                expected=f"an end within {most} pages",
                remedy="report it to the service",
            )
        seen.add(url)
        content = client.read("GET", url)
        link = next_link(content)
        yield content
        if link is None:
            return
        with errors_as(ServerRefused, f"{path}: a list whose next page is not an address", where=where):
            url = on_same_scheme(urljoin(url, link), where)
            stays = client.is_same_origin(url)
        if not stays:
            raise ServerRefused(
                f"the next page lies on another host ({urlsplit(url).hostname})",
                where=where,
                remedy="correct the server's url; the token is not sent there",
            )


def on_same_scheme(url: str, base: str) -> str:
    """An address on the server's own host, with the scheme and port that we use: a server behind a proxy knows neither.

    >>> on_same_scheme("http://example.org:8080/next?p=2", "https://example.org/api")
    'https://example.org/next?p=2'
    """
    parts, home = urlsplit(url), urlsplit(base)
    if parts.scheme != home.scheme and parts.scheme in ("http", "https") and parts.hostname == home.hostname:
        return parts._replace(scheme=home.scheme, netloc=home.netloc).geturl()
    return url


def next_link(content: Any) -> Any:
    """Address of the next page, however the key is spelt; None on the last page.

    >>> next_link({"@odata.nextLink": "https://example.org/?p=2"})
    'https://example.org/?p=2'
    """
    found = content.items() if isinstance(content, Mapping) else ()
    return next((value for key, value in found if str(key).lower() == "@odata.nextlink" and value), None)
