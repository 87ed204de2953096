"""Users, tokens and roles.

The token is a signed text with an expiry of 60 days. Only the second word of the Authorization header is read, so
``Token <jwt>`` works like ``Bearer <jwt>`` (IBF API 0.335, checked on a running instance).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ibf_pipeline.sandbox.responses import forbidden
from ibf_pipeline.sandbox.vocabulary import ROLES

SANDBOX_PASSWORD = "sandbox-only"  # noqa: S105 - documented: opens nothing but a sandbox
TOKEN_LIFETIME = timedelta(days=60)
UPLOADS = "pipeline"
_USER_NAMESPACE = uuid.UUID("5f0b6d0e-2c51-4d3a-a9a0-8a1b55b1c6f2")


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in; None means every country, or every hazard."""

    email: str
    role: str
    first_name: str
    last_name: str
    password: str = SANDBOX_PASSWORD
    countries: tuple[str, ...] | None = None
    disaster_types: tuple[str, ...] | None = None

    @property
    def user_id(self) -> str:
        return str(uuid.uuid5(_USER_NAMESPACE, self.email))

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    def may(self, role: str) -> bool:
        """A higher role may do what a lower one may; uploads are for the pipeline's own role and for admins alone."""
        if role == UPLOADS:
            return self.role in (UPLOADS, ROLES[0])
        return ROLES.index(self.role) <= ROLES.index(role)

    def sees(self, iso3: str) -> bool:
        return self.countries is None or iso3 in self.countries

    def gets_mail_about(self, iso3: str, disaster_type: str) -> bool:
        return self.sees(iso3) and (self.disaster_types is None or disaster_type in self.disaster_types)


def default_users() -> tuple[User, ...]:
    """One user a role: ``pipeline@sandbox.example`` and so on, all with the password ``sandbox-only``."""
    return tuple(User(f"{role}@sandbox.example", role, role.replace("-", " ").title(), "Sandbox") for role in ROLES)


class Accounts:
    """Checks passwords, hands out tokens and reads them back."""

    def __init__(self, users: Sequence[User], secret: str, now: Callable[[], datetime], lifetime: timedelta) -> None:
        self._users = {user.email.lower(): user for user in users}
        self._secret = secret.encode()
        self._now = now
        self._lifetime = lifetime

    def by_password(self, email: str, password: str) -> User | None:
        user = self._users.get(email.lower())
        if user is None or not hmac.compare_digest(user.password.encode(), password.encode()):
            return None
        return user

    def token(self, user: User) -> str:
        head = {"alg": "HS256", "typ": "JWT"}
        payload = {
            "userId": user.user_id,
            "email": user.email,
            "userRole": user.role,
            "exp": (self._now() + self._lifetime).timestamp(),
        }
        unsigned = f"{_encode(json.dumps(head).encode())}.{_encode(json.dumps(payload).encode())}"
        return f"{unsigned}.{self._signature(unsigned)}"

    def by_header(self, header: str | None) -> User | None:
        """The user of an Authorization header; None for no, a wrong or an expired token."""
        words = (header or "").split(" ")
        if len(words) < 2:
            return None
        unsigned, _, signature = words[1].rpartition(".")
        if not unsigned or not hmac.compare_digest(signature.encode(), self._signature(unsigned).encode()):
            return None
        payload = json.loads(_decode(unsigned.partition(".")[2]))
        if payload["exp"] <= self._now().timestamp():
            return None
        return self._users.get(str(payload["email"]).lower())

    def require(self, header: str | None, role: str | None) -> User | None:
        """The user behind the header; 403 without one of that role or a higher one, unless no role is asked for."""
        user = self.by_header(header)
        if role is not None and (user is None or not user.may(role)):
            raise forbidden()
        return user

    def recipients(self, iso3: str, disaster_type: str) -> int:
        return sum(user.gets_mail_about(iso3, disaster_type) for user in self._users.values())

    def _signature(self, unsigned: str) -> str:
        return _encode(hmac.new(self._secret, unsigned.encode(), hashlib.sha256).digest())


def login_answer(user: User, token: str, countries: Sequence[str], disasters: Sequence[str]) -> dict[str, Any]:
    """The body of a successful login, as recorded."""
    own = disasters if user.disaster_types is None else user.disaster_types
    return {
        "user": {
            "userId": user.user_id,
            "email": user.email,
            "firstName": user.first_name,
            "middleName": None,
            "lastName": user.last_name,
            "userRole": user.role,
            "whatsappNumber": None,
            "countryCodesISO3": [iso3 for iso3 in countries if user.sees(iso3)],
            "disasterTypes": sorted(own),
            "token": token,
        }
    }


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
