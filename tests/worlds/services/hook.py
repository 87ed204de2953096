"""Keycloak, ordering API, temporary links and an S3 bucket on 127.0.0.1, with the faults that tests ask for.

Written on the standard library's server, because some faults are below HTTP: a connection that is cut after the order
was accepted, a body that ends too early.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import ssl
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.worlds.services.hook_platform import LINK_LIFE, Clock, PlacedOrder, Platform, Refused, provided_workflows

CLIENT_SECRET = "canary-client-secret-41c7"
DESP_PASSWORD = "canary-desp-password-9e02"
S3_SECRET = "canary-s3-secret-77aa"
SIGNING_KEY = b"canary-signing-key"


class Loopback:
    """One server on one port; `with Loopback(clock) as server:` starts and stops it."""

    def __init__(
        self, clock: Clock, *, roles: tuple[str, ...] = ("hook-workflows", "hook-low"),
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock
        self.platform = Platform(clock, workflows=provided_workflows())
        self.roles = roles
        self.faults: list[str] = []
        """next faults, one used up by one request that it fits"""
        self.log: list[tuple[str, str]] = []
        self.seen_tokens: list[tuple[str, str | None]] = []
        self.archives: dict[str, bytes] = {}
        """product -> archive"""
        self.default_archive = b""
        self.bucket: dict[str, bytes] = {}
        self.token_life = timedelta(minutes=10)
        self.page = 100
        self.tokens: dict[str, datetime] = {}
        self.forms: list[dict[str, str]] = []
        """what tokens were asked for with"""
        self.instead: dict[str, str] = {}
        """what is answered, with 200, in place of a listing: path below the service (query included, where it has any
        that matters) -> body"""
        self.elsewhere: str | None = None
        """another server's address, for redirects"""
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._scheme = "https" if tls else "http"
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    @property
    def root(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def odp(self) -> str:
        return f"{self.root}/odata/v1"

    @property
    def token_url(self) -> str:
        return f"{self.root}/auth/realms/dedl/protocol/openid-connect/token"

    def fault(self, name: str) -> bool:
        """Whether this fault is the next of its kind; it is used up."""
        with self._lock:
            if name in self.faults:
                self.faults.remove(name)
                return True
            return False

    def new_token(self) -> str:
        payload = {"realm_access": {"roles": list(self.roles)}, "n": len(self.tokens)}
        body = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
        token = f"canaryhead.{body}.canarysign"
        self.tokens[token] = self.clock() + self.token_life
        return token

    def link(self, path: str, ended: datetime) -> str:
        """A Swift temporary URL that holds for 14 days after the item was completed."""
        expires = int((ended + LINK_LIFE).timestamp())
        return f"{self.root}{path}?temp_url_sig={self.signature(path, expires)}&temp_url_expires={expires}"

    def signature(self, path: str, expires: int) -> str:
        return hmac.new(SIGNING_KEY, f"GET\n{expires}\n{path}".encode(), hashlib.sha1).hexdigest()

    def archive(self, reference: str) -> bytes:
        return self.archives.get(reference, self.default_archive)


def _handler(server: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def _serve(self, method: str) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.content = self.rfile.read(length) if length else b""
            parts = urlsplit(self.path)
            self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            path = unquote(parts.path)
            server.log.append((method, self.path))
            server.seen_tokens.append((path, self.headers.get("Authorization")))
            try:
                if path.endswith("/openid-connect/token"):
                    self._token()
                elif path.startswith("/odata/v1/"):
                    self._api(method, path.removeprefix("/odata/v1/"))
                elif path.startswith("/swift/"):
                    self._temporary(path)
                elif path.startswith("/open/"):
                    self._bytes(server.archive(path.removeprefix("/open/")), '"open"')
                elif path.startswith("/bucket"):
                    self._bucket()
                else:
                    self._json(404, {"detail": "no such path"})
            except Refused as refused:
                self._json(refused.status, refused.content)

        def _token(self) -> None:
            for status in ("429", "503", "403"):
                if server.fault(f"token {status}"):
                    raise Refused(int(status), {"error": "not now"})
            form = {name: values[0] for name, values in parse_qs(self.content.decode()).items()}
            server.forms.append(form)
            good = {
                "client_credentials": form.get("client_secret") == CLIENT_SECRET,
                "password": form.get("password") == DESP_PASSWORD,
            }
            if not good.get(form.get("grant_type", "")):
                text = f"Invalid client credentials: {form.get('client_secret') or form.get('password')}"
                self._json(401, {"error": "unauthorized_client", "error_description": text})
                return
            seconds = int(server.token_life.total_seconds())
            self._json(200, {"access_token": server.new_token(), "expires_in": seconds, "token_type": "Bearer"})

        def _api(self, method: str, path: str) -> None:
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            until = server.tokens.get(token)
            if server.fault("401"):
                server.tokens.pop(token, None)
                until = None
            if until is None or until <= server.clock():
                raise Refused(401, {"detail": "Could not validate credentials"})
            if server.fault("403"):
                raise Refused(403, {"detail": "Not enough permissions"})
            if server.fault("429"):
                self._json(429, {"detail": "Too many requests"}, {"Retry-After": "7"})
                return
            if server.fault("500"):
                raise Refused(500, "<html>Internal Server Error</html>")
            if server.fault("html"):
                self._answer(200, b"<html>maintenance</html>", {"Content-Type": "text/html"})
                return
            asked = unquote(self.path).removeprefix("/odata/v1/")
            if (instead := server.instead.get(path, server.instead.get(asked))) is not None:
                self._json(200, instead)
                return
            if method == "POST" and path == "BatchOrder/OData.CSC.Order":
                self._order()
            elif path == "Workflows":
                self._workflows()
            elif path == "ProductionOrders":
                if server.fault("no listing"):
                    raise Refused(404, {"detail": "Not Found"})
                self._orders()
            elif match := re.fullmatch(r"ProductionOrder\((\w+)\)/OData\.CSC\.Cancel", path):
                server.platform.cancel(match.group(1))
                self._json(200, {"value": "ok"})
            elif match := re.fullmatch(r"BatchOrder\((\w+)\)", path):
                self._json(200, {"value": _listed(server.platform.order(match.group(1)), number=True)})
            elif match := re.fullmatch(r"BatchOrder\((\w+)\)/Products", path):
                order = server.platform.order(match.group(1))
                self._json(200, {"@odata.context": "#", "value": [_item(server, order, n) for n in _places(order)]})
            elif match := re.fullmatch(r"BatchOrder\((\w+)\)/Product\((\w+)\)/\$value", path):
                self._value(match.group(1), match.group(2))
            else:
                raise Refused(404, {"detail": "Not Found"})

        def _order(self) -> None:
            if server.fault("cut before"):
                self._cut()
                return
            body = json.loads(self.content)
            order = server.platform.place(body)
            if server.fault("cut after"):
                self._cut()
                return
            if server.fault("no TLS after"):
                os.write(self.connection.fileno(), b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
                self._cut()
                return
            if server.fault("502 after"):
                raise Refused(502, {"detail": "Bad gateway"})
            reply = {key: body[key] for key in ("Name", "WorkflowName")}
            added = [{"Name": "platform", "Value": "dedl"}, {"Name": "version", "Value": "0.0.1"}]
            reply |= {"Priority": 1, "WorkflowOptions": added + body["WorkflowOptions"], "Id": order.id}
            if server.fault("no id"):
                del reply["Id"]
            self._json(201, {"@odata.context": "#metadata/Odata.CSC.BatchOrder", "value": reply})

        def _workflows(self) -> None:
            found = server.platform.workflows
            condition = self.query.get("$filter")
            if condition is not None:
                match = re.fullmatch(r"\(Name eq '((?:[^']|'')*)'\)", condition)
                if match is None:
                    raise Refused(400, {"detail": f"Your filter is incorrect: {condition}"})
                found = [entry for entry in found if entry["Name"] == match.group(1).replace("''", "'")]
            if self.query.get("$expand") != "WorkflowOptions":
                found = [{key: entry[key] for key in entry if key != "WorkflowOptions"} for entry in found]
            self._json(200, {"@odata.context": "$metadata#Workflows/$entity", "value": found})

        def _orders(self) -> None:
            found = server.platform.listed(self.query.get("$filter"))
            skip = int(self.query.get("$skip", 0))
            content: dict[str, Any] = {"value": [_listed(order) for order in found[skip : skip + server.page]]}
            if skip + server.page < len(found):
                rest = f"&$filter={self.query['$filter']}" if "$filter" in self.query else ""
                content["@odata.nextLink"] = f"ProductionOrders?$skip={skip + server.page}{rest}"
            if server.fault("loop"):
                server.faults.append("loop")
                content["@odata.nextLink"] = "ProductionOrders?$skip=0"
            if server.fault("foreign page"):
                content["@odata.nextLink"] = f"{server.elsewhere}/odata/v1/ProductionOrders?$skip=1"
            self._json(200, content)

        def _value(self, order_id: str, item_id: str) -> None:
            order = server.platform.order(order_id)
            items = [item for item in order.items if str(item.id) == item_id and item.status == "completed"]
            if not items:
                raise Refused(404, {"detail": "Product not found"})
            if server.fault("redirect"):
                self._answer(302, b"", {"Location": f"{server.elsewhere}/open/{items[0].reference}"})
                return
            self._bytes(server.archive(items[0].reference), f'"{items[0].id}"')

        def _temporary(self, path: str) -> None:
            expires = int(self.query.get("temp_url_expires", 0))
            if self.query.get("temp_url_sig") != server.signature(path, expires):
                raise Refused(401, "401 Unauthorized: Temp URL invalid")
            if expires <= server.clock().timestamp() or server.fault("expired"):
                raise Refused(401, "401 Unauthorized: Temp URL invalid")
            if server.fault("503"):
                raise Refused(503, "busy")
            number = path.rsplit("_", 1)[-1].removesuffix(".zip")
            reference = next(
                item.reference for order in server.platform.orders for item in order.items if str(item.id) == number
            )
            self._bytes(server.archive(reference), f'"{number}"')

        def _bytes(self, content: bytes, tag: str) -> None:
            start = 0
            match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if server.fault("changed"):
                tag = '"another"'
            if server.fault("weak tag"):
                tag = f"W/{tag}"
            if match and self.headers.get("If-Range") == tag:
                start = int(match.group(1))
            headers = {"ETag": tag, "Content-Type": "application/zip"}
            part = content[start:]
            if start:
                if server.fault("another part"):
                    start -= 1
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            if server.fault("truncated"):
                self._answer(206 if start else 200, part[: len(part) // 2], headers, length=len(part))
                self._cut()
                return
            self._answer(206 if start else 200, part, headers)

        def _bucket(self) -> None:
            if "hook-key/" not in self.headers.get("Authorization", ""):
                xml = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
                self._answer(403, xml.encode(), {"Content-Type": "application/xml"})
                return
            prefix, start = self.query.get("prefix", ""), self.query.get("continuation-token", "")
            keys = [key for key in sorted(server.bucket) if key.startswith(prefix) and key > start]
            shown, more = keys[:2], len(keys) > 2
            entries = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>2026-02-16T06:10:00.000Z</LastModified>"
                f"<ETag>x</ETag><Size>{len(server.bucket[key])}</Size><StorageClass>STANDARD</StorageClass></Contents>"
                for key in shown
            )
            token = f"<NextContinuationToken>{escape(shown[-1])}</NextContinuationToken>" if more else ""
            xml = (
                '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>bucket</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(shown)}</KeyCount>"
                f"<MaxKeys>2</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}</ListBucketResult>"
            )
            self._answer(200, xml.encode(), {"Content-Type": "application/xml"})

        def _cut(self) -> None:
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

        def _json(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self._answer(status, body, {"Content-Type": "application/json", **(headers or {})})

        def _answer(self, status: int, body: bytes, headers: dict[str, str], length: int | None = None) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _listed(order: PlacedOrder, *, number: bool = False) -> dict[str, Any]:
    """An order in the shape of the sample, without options that are passwords."""
    options = [entry for entry in order.body["WorkflowOptions"] if "password" not in entry["Name"]]
    return {
        "Id": order.id if number else str(order.id),
        "Status": order.status, "StatusMessage": f"request is {order.status}",
        "SubmissionDate": _text(order.submitted), "Name": order.body["Name"], "EstimatedDate": _text(order.submitted),
        "InputProductReference": {"Reference": order.items[0].reference, "ContentDate": None},
        "WorkflowOptions": options, "WorkflowName": order.body["WorkflowName"], "WorkflowId": 11, "Priority": 1,
        "NotificationEndpoint": None, "NotificationEpUsername": None, "NotificationStatus": None,
    }  # fmt: skip


def _item(server: Loopback, order: PlacedOrder, place: int) -> dict[str, Any]:
    item = order.items[place]
    done = item.status == "completed" and item.ended is not None
    options = {entry["Name"]: entry["Value"] for entry in order.body["WorkflowOptions"]}
    path = f"/swift/v1/tmp-storage/{order.submitted:%Y%m%d}_{item.id}.zip"
    temporary = done and options.get("output_storage") == "TEMPORARY"
    return {
        "Id": item.id, "BatchOrderId": order.id, "InputProductReference": item.reference,
        "SubmissionDate": _text(order.submitted), "Status": item.status,
        "ProcessedName": item.reference if done else None,
        "ProcessedSize": len(server.archive(item.reference)) if done else None, "OutputUUID": None,
        "StatusMessage": "Processing finished successfully" if done else f"item is {item.status}",
        "CompletedDate": _text(item.ended) if item.ended else None,
        "DownloadLink": server.link(path, item.ended) if temporary and item.ended else None, "NotificationStatus": None,
    }  # fmt: skip


def _places(order: PlacedOrder) -> range:
    return range(len(order.items))


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
