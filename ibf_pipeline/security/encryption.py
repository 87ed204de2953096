"""Which addresses may be asked without TLS: one rule for what settings name and for what is sent."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from ibf_pipeline.errors import ForbiddenByRule


def require_encrypted(url: str) -> None:
    """ForbiddenByRule for an address of a public host without TLS; loopback and private networks may go without."""
    parts = urlsplit(url)
    if parts.scheme == "http" and not _is_private((parts.hostname or "").rstrip(".")):
        raise ForbiddenByRule(
            f"http://{parts.hostname} is a public host without TLS",
            expected="https, except on this machine and in private networks",
            remedy="write https in the address",
        )


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        number = re.fullmatch(r"0x[0-9a-f]+|\d+", host)  # an address too, of whatever network
        return host.endswith((".local", ".localhost", ".internal")) or ("." not in host and not number)
    return not (getattr(address, "ipv4_mapped", None) or address).is_global
