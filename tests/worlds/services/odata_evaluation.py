"""Evaluates an OData $filter on a product with odata-query's parser: what a real catalogue does with it."""

from __future__ import annotations

from typing import Any

import shapely
from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser
from shapely.geometry import shape

from ibf_pipeline.satellites.odata import read_timestamp

FIELDS = ("Id", "Name", "PublicationDate", "ModificationDate", "OriginDate", "Online", "ContentLength")


class BadFilter(Exception):
    """A filter that the catalogue refuses, with its words."""


def parse(text: str) -> Any:
    """The syntax tree of a filter; BadFilter where it is none."""
    try:
        return ODataParser().parse(ODataLexer().tokenize(text))
    except ODataException as error:
        raise BadFilter(f"{type(error).__name__}") from None


def holds(node: Any, product: dict[str, Any], bound: dict[str, Any] | None = None) -> bool:
    """Whether a product fulfils a filter."""
    return bool(_value(node, product, bound or {}))


def check(text: str) -> None:
    """BadFilter for a filter that no product could be asked with."""
    holds(parse(text), {"Attributes": [{"Name": "productType", "Value": "x"}]})


def _value(node: Any, product: dict[str, Any], bound: dict[str, Any]) -> Any:
    match node:
        case ast.BoolOp(op=op, left=left, right=right):
            first, second = _value(left, product, bound), _value(right, product, bound)
            return (first and second) if isinstance(op, ast.And) else (first or second)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _value(operand, product, bound)
        case ast.Compare(comparator=comparator, left=left, right=right):
            return _compare(comparator, _value(left, product, bound), _value(right, product, bound))
        case ast.String(val=text):
            return text
        case ast.DateTime(val=text):
            return read_timestamp(text)
        case ast.Integer(val=text):
            return int(text)
        case ast.Float(val=text):
            return float(text)
        case ast.CollectionLambda(lambda_=ast.Lambda(identifier=name, expression=expression)):
            return any(
                _value(expression, product, {**bound, name.name: entry}) for entry in product.get("Attributes", [])
            )
        case ast.Call(func=func, args=args):
            return _call(func.name, args, product, bound)
        case ast.Attribute() | ast.Identifier():
            return _field(node, product, bound)
    raise BadFilter(f"Invalid element: {type(node).__name__}")


def _field(node: Any, product: dict[str, Any], bound: dict[str, Any]) -> Any:
    path = []
    while isinstance(node, ast.Attribute):
        path.insert(0, node.attr)
        node = node.owner
    if node.name in bound:
        return bound[node.name].get(path[-1])
    if [node.name, *path] == ["Collection", "Name"]:
        return product.get("Collection")
    if path or node.name not in FIELDS:
        raise BadFilter(f"Invalid field: {node.name}")
    value = product.get(node.name)
    return read_timestamp(value) if node.name.endswith("Date") else value


def _call(name: str, args: list[Any], product: dict[str, Any], bound: dict[str, Any]) -> bool:
    if name == "Intersects":
        literal = args[0].param.val.removeprefix("SRID=4326;")
        if not literal.startswith("POLYGON"):
            raise BadFilter("Invalid geometry")
        footprint = product.get("GeoFootprint")
        return footprint is not None and bool(shapely.from_wkt(literal).intersects(shape(footprint)))
    first, second = (_value(arg, product, bound) or "" for arg in args)
    if name in ("contains", "startswith", "endswith"):
        return {
            "contains": second in first,
            "startswith": first.startswith(second),
            "endswith": first.endswith(second),
        }[name]
    raise BadFilter(f"Invalid function: {name}")


def _compare(comparator: Any, left: Any, right: Any) -> bool:
    if isinstance(comparator, ast.Eq):
        return left == right
    if isinstance(comparator, ast.NotEq):
        return left != right
    if left is None or right is None:
        return False
    return {ast.Gt: left > right, ast.GtE: left >= right, ast.Lt: left < right, ast.LtE: left <= right}[
        type(comparator)
    ]
