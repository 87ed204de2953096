"""Requests with an account of their own, which a .netrc neither replaces nor joins.

Where no `auth` is given, `requests` takes the account of a .netrc for the host and overwrites a bearer with it. Turning
`trust_env` off would stop that, and proxies and certificates from the environment with it.
"""

from __future__ import annotations

import requests


def as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """An `auth` that leaves the request as it was made."""
    return request


class NoNetrc(requests.Session):
    """A session that sends no account of a .netrc, at first or after a redirect."""

    def __init__(self) -> None:
        super().__init__()
        self.auth = as_it_is

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """After a redirect to another host, without the account; that of `requests` adds the new host's of a .netrc."""
        if self.should_strip_auth(str(response.request.url), str(prepared_request.url)):
            prepared_request.headers.pop("Authorization", None)
