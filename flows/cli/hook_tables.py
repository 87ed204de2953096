"""What the Hook commands print: tables for people, or JSON for programs. Links are never printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from flows.cli.terminal import console, print_data, print_whole
from ibf_pipeline.satellites.hook.access import Prerequisite
from ibf_pipeline.satellites.hook.order_book import BookEntry
from ibf_pipeline.satellites.hook.order_desk import Budget
from ibf_pipeline.satellites.hook.orders import Order, OrderItem
from ibf_pipeline.satellites.hook.private_files import StoredFile
from ibf_pipeline.satellites.hook.workflows import Workflow

_COLOURS = {"completed": "green", "met": "green", "failed": "red", "missing": "red", "refused": "red"}


def print_content(content: Any, as_json: bool, table: Callable[[], object]) -> None:
    """JSON, or else a table."""
    if as_json:
        print_json(content)
    else:
        table()


def print_json(content: Any) -> None:
    """Data on standard output."""
    print_data(content, _plain)


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """One line a row; words for success and failure are coloured."""
    table = Table(*head, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*[Text(_text(cell), style=_COLOURS.get(str(cell), "")) for cell in row])
    print_whole(table)


def print_workflow(workflow: Workflow) -> None:
    """One workflow with its options."""
    out = console(soft_wrap=True)
    out.print(Text(f"{workflow.name}: {workflow.display_name} (version {workflow.version or 'unknown'})", style="bold"))
    if workflow.description:
        out.print(Text(workflow.description))
    out.print(Text("input: " + (", ".join(workflow.input_types) or "any")))
    print_table(
        ("option", "required", "default", "allowed", "meaning"),
        [
            (o.name, "yes" if o.required else "", o.default or "", ", ".join(o.allowed) or o.type, o.description)
            for o in workflow.options
        ],
    )


def order_entry_data(entry: BookEntry) -> dict[str, Any]:
    """An order of the book as JSON; options hold no secrets, only names of variables."""
    return {
        "key": entry.key,
        "service": entry.service,
        "name": entry.request.name,
        "workflow": entry.request.workflow,
        "identifiers": list(entry.request.identifiers),
        "options": dict(entry.request.options),
        "state": entry.state,
        "stands": entry.status_text,
        "order_id": entry.order_id,
        "message": entry.message,
        "asked_at": entry.asked_at,
        "changed_at": entry.changed_at,
    }


def print_entries(entries: Iterable[BookEntry]) -> None:
    """Orders of the book."""
    asked = [(entry, entry.request) for entry in entries]
    print_table(
        ("key", "order", "state", "workflow", "product", "name", "message"),
        [(e.key, e.order_id, e.state, r.workflow, ", ".join(r.identifiers), r.label, e.message) for e, r in asked],
    )


def print_orders(orders: Iterable[Order]) -> None:
    """Orders as the service lists them."""
    print_table(
        ("order", "status", "workflow", "submitted (UTC)", "expected (UTC)", "name", "product"),
        [(o.id, o.status, o.workflow, o.submitted, o.expected, o.name, o.reference) for o in orders],
    )


def product_data(product: OrderItem) -> dict[str, Any]:
    """An item as JSON, without its link: that is a credential."""
    content = {**asdict(product), "expires": product.expires, "has_link": product.link is not None}
    del content["link"]
    return content


def print_products(products: Iterable[OrderItem], now: datetime) -> None:
    """Items of an order and until when their links hold."""
    print_table(
        ("order", "item", "status", "bytes", "link holds until (UTC)", "product", "message"),
        [(p.order_id, p.id, p.status, p.size, _expiry(p, now), p.reference, p.message) for p in products],
    )


def print_access_findings(findings: Iterable[Prerequisite]) -> bool:
    """Prerequisites one by one, as they are tried; whether all is well."""
    out, whole = console(soft_wrap=True), True
    for finding in findings:
        whole = whole and finding.fine
        out.print(Text(f"{finding.state:8}", style=_COLOURS.get(finding.state, "yellow")), Text(finding.what), sep="")
        out.print(Text(f"        {finding.says}", style="dim"))
    return whole


def budget_data(name: str, budget: Budget) -> dict[str, Any]:
    """The month's budget as JSON."""
    return {
        "service": name,
        "items_per_month": budget.quota.items_per_month,
        "left": budget.left,
        "used_here": budget.used_here,
        "used_elsewhere": budget.used_elsewhere,
        "parallel_items": budget.quota.parallel_items,
        "running": budget.running,
        "waiting": budget.waiting,
    }


def print_budget(name: str, budget: Budget) -> None:
    """The month's budget in two lines."""
    out = console(soft_wrap=True)
    out.print(
        f"{name}: {budget.left} of {budget.quota.items_per_month} items left this month (UTC); "
        f"{budget.used_here} used with this order book, {budget.used_elsewhere} elsewhere"
    )
    out.print(f"{budget.running} of {budget.quota.parallel_items} places taken, {budget.waiting} waiting here")


def print_book_budget(name: str, budget: Budget) -> None:
    """The same by the order book alone."""
    out = console(soft_wrap=True)
    out.print(
        f"{name}: {budget.used_here} of {budget.quota.items_per_month} items used this month (UTC) with this order "
        "book; what others ordered with the account is not known"
    )
    out.print(f"{budget.running} of {budget.quota.parallel_items} places taken, {budget.waiting} waiting here")


def print_files(files: Iterable[StoredFile]) -> None:
    """Files of the bucket."""
    print_table(("bytes", "modified (UTC)", "key"), [(f.bytes, f.modified, f.key) for f in files])


def _expiry(product: OrderItem, now: datetime) -> str:
    if product.expires is None:
        return "" if product.link is None else "unknown"
    return f"{_text(product.expires)}{' (ended)' if product.expires <= now else ''}"


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M}"
    return f"{cell:,}" if isinstance(cell, int) and not isinstance(cell, bool) else str(cell)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value.isoformat() if isinstance(value, datetime) else str(value)
