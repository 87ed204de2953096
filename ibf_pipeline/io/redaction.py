"""What never reaches a log, a file, an error or a screen: passwords, tokens, keys, and links that are credentials.

Servers echo what they were sent, and a temporary link opens a result for whoever has it. So text is cleaned twice:
known secrets are cut out wherever they stand, and signed links lose their signatures.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Final
from urllib.parse import quote, quote_plus

_HIDDEN: Final = "<hidden>"
_SECRET_NAME: Final = re.compile(
    r"password|passwd|secret|access_key|apikey|api_key|credential|totp|(?:^|_)token$", re.I
)
_SIGNED: Final = re.compile(
    r"((?:[?&]|\b)(?:temp_url_sig|temp_url_expires|x-amz-[a-z-]+|signature|sig|access_token|token|code)=)[^&\s\"'>]+",
    re.I,
)
_BEARER: Final = re.compile(r"(Bearer\s+)[\w.~+/=-]+", re.I)
_SHORTEST: Final = 4
"""characters; a shorter secret would cut holes into ordinary words"""


def is_secret_name(name: str) -> bool:
    """Whether an option or a key holds a secret, by its name (`output_s3_secret_key`, `NotificationEpPassword`)."""
    return bool(_SECRET_NAME.search(name))


class Redactor:
    """Removes from a text the secrets that this process knows, and the signatures of links.

    >>> Redactor("s3cret")("login s3cret failed at https://x/y?sig=abc&v=1")
    'login <hidden> failed at https://x/y?sig=<hidden>&v=1'
    """

    def __init__(self, *secrets: str) -> None:
        self._secrets: set[str] = set()
        self.know(*secrets)

    def know(self, *secrets: str) -> None:
        """Remember secrets, in the forms in which they appear in bodies, JSON and addresses."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
                self._secrets |= {secret, quote(secret, safe=""), quote_plus(secret), *in_json}

    def __call__(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, _HIDDEN)
        return _BEARER.sub(rf"\1{_HIDDEN}", _SIGNED.sub(rf"\1{_HIDDEN}", text))

    def __repr__(self) -> str:
        return "Redactor()"


def without_queries(text: str) -> str:
    """A text whose addresses have lost what stands after the question mark.

    >>> without_queries("GET https://x/y?token=1 failed")
    'GET https://x/y?... failed'
    """
    return re.sub(r"\?[^\s'\")\]]+", "?...", text)


class _WithoutQueries(logging.Filter):
    """Libraries log addresses; signatures do not belong there."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_queries(record.getMessage()), ()
        return True


_WITHOUT_QUERIES: Final = _WithoutQueries()


def quiet_addresses(*loggers: str) -> None:
    """Keep the queries of addresses out of the messages of these loggers."""
    for name in loggers:
        logging.getLogger(name).addFilter(_WITHOUT_QUERIES)  # adding it again changes nothing
