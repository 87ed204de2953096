"""The Hook service (OnDemand Processing API) as the tutorial for its users calls it.

Sources: the tutorial "DEDL - Hook Tutorial" (calls, bodies, samples of answers) and the
page "Hook Service" (the provided hooks). The tutorial never reads `BatchOrder(id)`: that
address is 404 here, as every other one that it does not name.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from tests.satellites.strict_server import Answer, Refused, Request, StrictServer

WORKFLOWS = ("card_bs", "lai", "odp-test", "card_cohinf", "c2rcc", "copdem", "dedl_hello_world",
             "data-harvest", "sen2cor", "maja")  # fmt: skip
STORAGE = ("output_s3_access_key", "output_s3_secret_key", "output_s3_path",
           "output_s3_endpoint_url")  # fmt: skip
DESP = ("desp_source_username", "desp_source_password", "desp_source_collection")
OPTIONS = ("platform", "version", "output_storage", "source_type", *STORAGE, *DESP)
ORDER = {"Name": str, "WorkflowName": str, "IdentifierList": list, "WorkflowOptions": list}
REALM = "/realms/desp/protocol/openid-connect"


class StrictHook(StrictServer):
    """The service of one account; `finish` ends an order, `orders` are those it took.

    The login is the tutorial's: the page of the identity provider, its form, a code,
    a token, and the exchange of that token (`/exchange`).
    """

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[str, dict[str, Any]] = {}
        self.content = b"PK\x03\x04 a product"
        self.links: Callable[[str], str] = self._link
        self.submitted = "2026-02-16T06:00:22.942Z"
        self._number = 25379

    @property
    def base(self) -> str:
        """The address that ends with odata/v1/."""
        return f"{self.url}/odata/v1/"

    def answer(self, request: Request) -> Answer:
        """Route to the calls of the tutorial; 404 for every other path."""
        if request.path.startswith("/swift/v1/store/"):
            return self._stored(request)
        if request.path.startswith(REALM) or request.path in ("/login", "/exchange"):
            return self._identity(request)
        path = request.path.removeprefix("/odata/v1/")
        self.authorized(request)
        if (request.method, path) == ("POST", "BatchOrder/OData.CSC.Order"):
            return self._order(request)
        if request.method != "GET":
            raise Refused(404, "Not Found")
        if path == "Workflows":
            return self._workflows(request)
        if path == "ProductionOrders":
            return self._production_orders(request)
        if found := re.fullmatch(r"BatchOrder\((\d+)\)/Products", path):
            return self._items(self._known(found[1]))
        if found := re.fullmatch(r"BatchOrder\((\d+)\)/Product\((\d+)\)/\$value", path):
            self._known(found[1])
            return Answer(302, None, {"Location": self.links(found[2])})
        raise Refused(404, "Not Found")

    def _known(self, number: str) -> dict[str, Any]:
        if number not in self.orders:
            raise Refused(404, f"no order {number}")
        return self.orders[number]

    def _workflows(self, request: Request) -> Answer:
        request.only("$orderby", "$expand", "$filter")
        wanted = re.fullmatch(r"\(Name eq '([^']*)'\)", request.query.get("$filter", ""))
        if "$filter" in request.query and wanted is None:
            raise Refused(400, "Invalid filter")
        expanded = request.query.get("$expand") == "WorkflowOptions"
        value = [
            {"Id": str(number), "Uuid": None, "Name": name, "DisplayName": name,
             "Documentation": None, "Description": None, "InputProductType": None,
             "InputProductTypes": [], "OutputProductType": None, "OutputProductTypes": [],
             "WorkflowVersion": "0.0.1"}
            | ({"WorkflowOptions": [_option(one) for one in OPTIONS]} if expanded else {})
            for number, name in enumerate(WORKFLOWS, 1)
            if wanted is None or wanted[1] == name
        ]  # fmt: skip
        return Answer(200, {"@odata.context": "$metadata#Workflows/$entity", "value": value})

    def _order(self, request: Request) -> Answer:
        body = request.json(ORDER, set(ORDER))
        if body["WorkflowName"] not in WORKFLOWS:
            raise Refused(400, f"no workflow {body['WorkflowName']}")
        if not body["IdentifierList"] or not all(type(i) is str for i in body["IdentifierList"]):
            raise Refused(422, "IdentifierList is a list of names")
        options = {}
        for option in body["WorkflowOptions"]:
            if not isinstance(option, dict) or set(option) != {"Name", "Value"}:
                raise Refused(422, "an option has Name and Value")
            if option["Name"] not in OPTIONS or option["Name"] in options:
                raise Refused(400, f"unknown or double option {option['Name']}")
            options[option["Name"]] = option["Value"]
        self._complete(body["WorkflowName"], options)
        self._number += 1
        number = str(self._number)
        self.orders[number] = body | {"Id": number, "Status": "queued"}
        echo = {k: body[k] for k in ("Name", "WorkflowName", "WorkflowOptions")}
        value = echo | {"Id": self._number, "Priority": 1, "NotificationEndpoint": None}
        return Answer(201, {"@odata.context": "#metadata/Odata.CSC.BatchOrder", "value": value})

    @staticmethod
    def _complete(workflow: str, options: dict[str, Any]) -> None:
        storage = options.get("output_storage")
        if storage not in ("PRIVATE", "TEMPORARY"):
            raise Refused(400, "output_storage is PRIVATE or TEMPORARY")
        wanted = set(STORAGE) if storage == "PRIVATE" else set()
        wanted |= set(DESP) if options.get("source_type") == "DESP" else set()
        if workflow == "data-harvest" and "source_type" not in options:
            wanted.add("source_type")
        if missing := wanted - {name for name, value in options.items() if value}:
            raise Refused(400, f"options missing: {sorted(missing)}")

    def _production_orders(self, request: Request) -> Answer:
        request.only("$orderby", "$filter", "$top", "$skip")
        ending = ""
        if "$filter" in request.query:  # with exactly the options of the tutorial's call
            wanted = re.fullmatch(r"\(endswith\(Name,'((?:[^']|'')*)'\)\)", request.query["$filter"])
            if wanted is None or set(request.query) != {"$orderby", "$filter"}:
                raise Refused(400, "Invalid filter")
            ending = wanted[1].replace("''", "'")
        if request.query.get("$orderby") != "Id desc":
            raise Refused(400, "Invalid order")
        return self.production_orders(ending)

    def production_orders(self, ending: str = "") -> Answer:
        """The listing of orders of one item, newest first."""
        found = [o for o in reversed(self.orders.values()) if o["Name"].endswith(ending)]
        found = [order for order in found if len(order["IdentifierList"]) == 1]
        value = [
            {"Id": order["Id"], "Status": order["Status"], "StatusMessage": "request is known",
             "SubmissionDate": self.submitted, "Name": order["Name"],
             "EstimatedDate": "2024-09-02T16:22:51.958Z",
             "InputProductReference": {"Reference": order["IdentifierList"][0],
                                       "ContentDate": None},
             "WorkflowOptions": [o for o in order["WorkflowOptions"]
                                 if "password" not in o["Name"]],
             "WorkflowName": order["WorkflowName"], "WorkflowId": 11, "Priority": 1,
             "NotificationEndpoint": None, "NotificationEpUsername": None,
             "NotificationStatus": None}
            for order in found
        ]  # fmt: skip
        return Answer(200, {"@odata.context": "$metadata#ProductionOrder/$entity", "value": value})

    def _items(self, order: dict[str, Any]) -> Answer:
        done = order["Status"] == "completed"
        first = 8700 + int(order["Id"]) % 1000 * 10
        value = [
            {"Id": item, "BatchOrderId": int(order["Id"]), "InputProductReference": name,
             "SubmissionDate": self.submitted, "Status": order["Status"],
             "ProcessedName": name if done else None,
             "ProcessedSize": len(self.content) if done else None, "OutputUUID": None,
             "StatusMessage": "Processing finished successfully" if done else None,
             "CompletedDate": "2024-09-02T16:10:33.081Z" if done else None,
             "DownloadLink": self.links(str(item)) if done else None,
             "NotificationStatus": None}
            for item, name in enumerate(order["IdentifierList"], first)
        ]  # fmt: skip
        return Answer(200, {"@odata.context": "#metadata/OData.CSC.BatchorderItem", "value": value})

    def move(self, number: str, status: str) -> None:
        """Set an order's status: `in_progress`, `completed`, `failed`."""
        self.orders[number]["Status"] = status

    def _link(self, item: str) -> str:
        return f"{self.url}/swift/v1/store/{item}.zip?temp_url_sig=1"

    def _stored(self, request: Request) -> Answer:
        if "authorization" in request.headers:
            raise Refused(400, "a temporary link takes no bearer token")
        if "temp_url_sig" not in request.query:
            raise Refused(401, "no signature")
        return Answer(200, self.content, {"Content-Type": "application/zip"})

    def _identity(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        if (request.method, request.path) == ("GET", f"{REALM}/auth"):
            if request.query.get("response_type") != "code":
                raise Refused(400, "response_type=code")
            action = html.escape(f"{self.url}/login?to={request.query['redirect_uri']}&x=1")
            return _page(f'<form action="{action}"><input name="username"></form>')
        if (request.method, request.path) == ("POST", "/login"):
            if form.get("password") == "wrong":
                return _page('<span id="input-error">Invalid credentials.</span>')
            if self.second_factor and form.get("otp") != self.second_factor:
                action = html.escape(f"{self.url}/login?to={request.query['to']}&otp=1")
                return _page(f'<form id="kc-otp-login-form" action="{action}">'
                             '<input name="otp"></form>')  # fmt: skip
            return Answer(302, None, {"Location": f"{request.query['to']}?code=c0de"})
        if (request.method, request.path) == ("POST", f"{REALM}/token"):
            if (form.get("grant_type"), form.get("code")) != ("authorization_code", "c0de"):
                raise Refused(400, "authorization_code with the code")
            return Answer(200, {"access_token": "desp", "expires_in": 300})
        if (request.method, request.path) == ("POST", "/exchange"):
            self.logins += 1
            kind = "urn:ietf:params:oauth:grant-type:token-exchange"
            if (form.get("grant_type"), form.get("subject_token")) != (kind, "desp"):
                raise Refused(400, "token-exchange with the first token")
            return Answer(200, self.new_token())
        raise Refused(404, "Not Found")


def _page(text: str) -> Answer:
    return Answer(200, f"<html>{text}</html>".encode(), {"Content-Type": "text/html"})


def _option(name: str) -> dict[str, Any]:
    value = ["PRIVATE", "TEMPORARY"] if name == "output_storage" else None
    return {"Name": name, "Description": name, "Type": "str", "Default": "", "Value": value,
            "Required": name == "output_storage"}  # fmt: skip
