"""Which scene is worth an order, and when a flood map says it all (pure)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from ibf_pipeline.domain.observation import DayRange, Look, observed_share
from ibf_pipeline.hazards.floods.findings import FloodEvent
from ibf_pipeline.satellites.hook.settings import ObservationSettings
from ibf_pipeline.satellites.observation.passes import (
    Scene,
    TooEarly,
    Unsuitable,
    other_name,
    require_vh,
    scene_of,
    worth_an_order,
)


def stands_for(look: Look, scene: Scene | None, rule: ObservationSettings) -> bool:
    """Whether flood maps say what there is to say of a scene: they are of its pass, and saw enough of the areas."""
    if scene is None or rule.catalogue is None:
        return True
    within = timedelta(minutes=rule.catalogue.pass_minutes)
    of_the_pass = all(abs(moment - scene.start) <= within for moment in look.passes)
    return of_the_pass and observed_share(look.areas) >= rule.observed_share


def require_late_enough(
    event: FloodEvent, product: str, scene: Scene, rule: ObservationSettings, now: datetime
) -> None:
    """TooEarly while a catalogue may still get the scene's flood map: it costs nothing, an order does."""
    catalogue = rule.catalogue
    if catalogue is not None:
        until = scene.start + timedelta(hours=catalogue.wait_hours)
        if now < until:
            error = TooEarly(
                f"no flood map of {product} is there yet",
                where=event.name,
                expected=f"one until {until:%Y-%m-%d %H:%M} UTC",
                remedy="look again then; observation.catalogue.wait_hours: 0 in destine.yaml orders at once",
            )
            error.until = until
            raise error


def require_unseen(event: FloodEvent, product: str, names: Collection[str]) -> None:
    """Unsuitable for a scene that is among these in another format: each scene is ordered once and looked at once."""
    other = other_name(product, names)
    if other is not None:
        raise Unsuitable(
            f"{product} is seen as {other}",
            where=event.name,
            expected="each scene in one format",
            remedy="nothing; to look at its result for another event, name that product",
        )


def scene_to_order(event: FloodEvent, product: str, days: DayRange, rule: ObservationSettings) -> Scene:
    """The scene of a product; Unsuitable if it is not worth one of the month's orders."""
    scene = scene_of(product)
    require_vh(product, scene)
    if not days.contain(scene.start):
        raise Unsuitable(
            f"{product} passed on {scene.start:%Y-%m-%d}",
            where=event.name,
            expected=f"{days.first} to {days.last}",
            remedy="choose a pass on the event's days, or widen them with --from and --to",
        )
    if not worth_an_order(event, rule.order_from_class):
        raise Unsuitable(
            f"the event's class is {event.alert_class}: the scene is not ordered",
            where=event.name,
            expected=f"at least {rule.order_from_class}" if rule.order_from_class else "orders allowed",
            remedy="lower observation.order_from_class in destine.yaml if it is worth one of the month's orders",
        )
    return scene
