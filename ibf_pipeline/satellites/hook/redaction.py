"""What never reaches a log, a file, an error or a screen: passwords, tokens, keys, and links that are credentials.

Answers to orders echo the password of the data source by name, and a temporary link opens the result for whoever has
it. So text is cleaned twice: known secrets are cut out wherever they stand, and signed links lose their query.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "<hidden>"
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
    """Text without the secrets that this process knows, and without the signatures of links."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        self.know(*secrets)

    def know(self, *secrets: str) -> None:
        """Remember secrets, in the forms in which they appear in bodies and addresses."""
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                self._secrets |= {secret, quote(secret, safe=""), quote_plus(secret)}

    def __call__(self, text: str) -> str:
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _BEARER.sub(rf"\1{HIDDEN}", _SIGNED.sub(rf"\1{HIDDEN}", text))

    def __repr__(self) -> str:
        return "Redactor()"


def without_secrets(content: Any) -> Any:
    """A server's JSON with the value of every secret-named key or option replaced, links unsigned."""
    if isinstance(content, Mapping):
        named = content.get("Name")
        cleaned = {
            key: HIDDEN if value is not None and is_secret_name(str(key)) else without_secrets(value)
            for key, value in content.items()
        }
        if isinstance(named, str) and is_secret_name(named) and content.get("Value") is not None:
            cleaned["Value"] = HIDDEN
        return cleaned
    if isinstance(content, list):
        return [without_secrets(entry) for entry in content]
    return Redactor()(content) if isinstance(content, str) else content


class _UnsignedAddresses(logging.Filter):
    """urllib3 writes every path with its query at level DEBUG; signatures do not belong there."""

    def filter(self, record: logging.LogRecord) -> bool:
        clean = Redactor()
        if isinstance(record.args, tuple):
            record.args = tuple(clean(arg) if isinstance(arg, str) else arg for arg in record.args)
        record.msg = clean(record.msg) if isinstance(record.msg, str) else record.msg
        return True


def quiet_addresses() -> None:
    """Keep signatures of links out of urllib3's own debug lines."""
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(entry, _UnsignedAddresses) for entry in logger.filters):
        logger.addFilter(_UnsignedAddresses())
