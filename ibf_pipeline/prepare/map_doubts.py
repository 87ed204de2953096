"""What the flood maps of a country say about each other, and all of them about the floods that they can be (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.depth_values import SHALLOW
from ibf_pipeline.prepare.depths import DepthFacts

_MUCH_DEEPER: Final = 3.5
"""times the average depth of the next smaller return period; real maps grow by a fifth, and by less than three times
from 10 to 500 years"""
_MUCH_SHALLOWER: Final = 0.5
"""the same the other way: a larger flood's new cells are shallow, but half as deep on average is not a larger flood"""
_DRY_AGAIN_SHARE: Final = 0.01
"""share of a map's wet cells that may be dry in the next larger flood"""
_NO_EDGE: Final = 0.02
"""share of a map's wet cells shallower than SHALLOW: less in every map, and the water has no edge"""
_LITTLE_EDGE: Final = 0.1
"""the same where the water also rises by more than STEEP_RISE"""
_STEEP_RISE: Final = 3.0
"""metres on average from the smallest to the largest return period; rivers rise by one to three from 10 to 500 years"""
_DEEP_ON_AVERAGE: Final = 15.0
"""metres; the wet cells of a country are a few metres deep on average, whatever the return period"""
_MASK_WET_SHARE: Final = 2 / 3
"""share of the cells that a mask may have wet; only around islands and deltas do floods cover more, and there they
grow"""
_MASK_GROWTH: Final = 2.0
"""times the next smaller flood: how far the water of such a mask grows at most"""
_PERMANENT_SHARE: Final = 0.5
"""share of a flood map's wet cells from which on the permanent water is doubted"""

Maps = Mapping[float, DepthFacts]
"""by return period, smallest first"""


def doubts_about(maps: Maps) -> list[str]:
    """What the maps of a country say about each other and about all of them.

    Raises InputInvalid if three and more maps of depths are one and the same, if all are the wrong way round, and
    where permanent water covers them all: no flood could ever be shown.
    """
    _require_growth(maps)
    wet = [facts for facts in maps.values() if facts.wet]
    if wet and all(facts.masked == facts.wet for facts in wet):
        raise InputInvalid(
            f"permanent water covers every wet cell of {_and([facts.name for facts in wet])}",
            where="flood_maps.permanent_water",
            expected="> 0 only where there is water on every day of the year",
            remedy="correct the raster, or declare the value that stands for no water as its nodata value",
        )
    gone = [words for one, other in pairwise(wet) if (words := _gone(one, other))]
    return [*_same(maps), *_unlike(wet), *gone, *(_deep(wet) or _of_all(maps)), *_watery(wet)]


def _same(maps: Maps) -> list[str]:
    """Maps that are one and the same. A plain behind dikes is wet or dry as a whole, and so may be two of its maps."""
    alike: dict[int, list[DepthFacts]] = {}
    for facts in maps.values():
        if facts.wet:
            alike.setdefault(facts.digest, []).append(facts)
    groups = [group for group in alike.values() if len(group) > 1]
    if any(len(group) == len(maps) > 2 and group[0].varied for group in groups):
        raise InputInvalid(
            f"the flood maps of {', '.join(f'{period:g}' for period in maps)} years are the same, cell by cell",
            where=", ".join(facts.name for facts in maps.values()),
            expected="a map of its own for every return period",
            remedy="fetch them again, or list one return period in flood_maps.return_periods",
        )
    words = "; ".join(_and([facts.name for facts in group]) for group in groups)
    return [f"{words} are the same, cell by cell"] if words else []


def _unlike(wet: Sequence[DepthFacts]) -> list[str]:
    apart = [pair for pair in pairwise(wet) if not _MUCH_SHALLOWER <= pair[1].average / pair[0].average <= _MUCH_DEEPER]
    named = list(dict.fromkeys(facts for pair in apart for facts in pair))
    if not named:
        return []
    depths = [f"{named[0].average:.3g} deep on average in {named[0].name}"]
    depths += [f"{facts.average:.3g} in {facts.name}" for facts in named[1:]]
    return [f"the water is {_and(depths)}: are {'both' if len(named) == 2 else 'all'} in metres?"]


def _deep(wet: Sequence[DepthFacts]) -> list[str]:
    """Maps that are too deep on average for metres, if nothing else asks for their unit; gorges are so deep."""
    deep = [facts for facts in wet if facts.average > _DEEP_ON_AVERAGE and not facts.asked]
    if not deep:
        return []
    least, most = (f"{bound(facts.average for facts in deep):.0f}" for bound in (min, max))
    depth = most if least == most else f"{least} to {most}"
    verb = "is it" if len(deep) == 1 else "are they"
    return [f"{_and([facts.name for facts in deep])}: the water is {depth} m deep on average: {verb} in metres?"]


def _watery(wet: Sequence[DepthFacts]) -> list[str]:
    """Masks that are wet nearly everywhere, unless each grows out of the next smaller flood."""
    watery = [facts for facts in wet if facts.wet > _MASK_WET_SHARE * facts.cells and not facts.varied]
    grow = all(
        one.wet <= other.wet <= _MASK_GROWTH * one.wet
        for one, other in pairwise(wet)
        if one in watery or other in watery
    )
    if not watery or (grow and wet[0].wet < wet[-1].wet):
        return []
    share = max(facts.wet / facts.cells for facts in watery)
    return [
        f"{_and([facts.name for facts in watery])}: {share:.0%} of the cells are wet: is a value for dry land taken "
        "for water, or the mask the wrong way round?"
    ]


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _require_growth(maps: Maps) -> None:
    """InputInvalid if the wet area shrinks with every return period, in masks or in three maps and more.

    So do masks in which dry land is 1 and water 0, and maps in the order of probabilities.
    """
    masks = all(not facts.varied and facts.average == facts.deepest for facts in maps.values())
    alike = masks and len({facts.deepest for facts in maps.values()}) == 1
    if len(wetter(maps)) == len(maps) - 1 and (len(maps) > 2 or (alike and len(maps) == 2)):
        cells = ", ".join(f"{facts.wet:,} cells of {period:g} years" for period, facts in maps.items())
        raise InputInvalid(
            f"the wet area shrinks with every return period ({cells})",
            where=", ".join(facts.name for facts in maps.values()),
            expected="floods that grow with their return period",
            remedy="where 0 is water and 1 dry land, turn the masks round; else the files are exchanged",
        )


def _gone(one: DepthFacts, other: DepthFacts) -> str:
    """Where the larger flood `other` lacks half and more of a block's water; "" if it is wet where `one` is."""
    if one.wet > other.wet:
        return ""  # as `wetter` says
    there = {(block.row, block.column): block.wet for block in other.blocks}
    lacking = [block for block in one.blocks if there.get((block.row, block.column), 0) < block.wet / 2]
    lost = sum(block.wet - there.get((block.row, block.column), 0) for block in lacking)
    if lost <= _DRY_AGAIN_SHARE * one.wet:
        return ""
    worst = max(lacking, key=lambda block: block.wet)
    return (
        f"{other.name} is dry where {one.name} has water, in {len(lacking)} of {len(one.blocks)} blocks, most around "
        f"{worst.lat:.2f}, {worst.lon:.2f}: is a part of it missing, or of another edition?"
    )


def _of_all(maps: Maps) -> list[str]:
    """Whether depths in metres can be the range of all maps; masks say nothing of that.

    Water ends where the ground rises, so cells of less than a metre are many in every map; and a river rises by some
    metres from its smallest flood to its largest one. In decimetres there are a tenth of the one and ten times the
    other.
    """
    varied = [facts for facts in maps.values() if facts.varied]
    if not varied or len(varied) < len(maps):
        return []
    edge = max(facts.shallow / facts.wet for facts in varied)
    rise = varied[-1].average - varied[0].average
    deepest = max(facts.deepest for facts in varied)
    words = []
    if edge < _NO_EDGE or (edge < _LITTLE_EDGE and rise > _STEEP_RISE):
        words.append(
            (f"at most {edge:.1%} of a flood map's wet cells are" if edge else "no wet cell of a flood map is")
            + f" shallower than {SHALLOW:g}"
            + (
                f", and the water rises by {rise:.1f} on average from the first to the last"
                if rise > _STEEP_RISE
                else ""
            )
            + ": are the flood maps in metres, or in decimetres or centimetres?"
        )
    if deepest <= SHALLOW:
        words.append(
            f"no flood map is deeper than {deepest:g}: are they depths in metres, or shares of a cell, probabilities "
            "or another unit?"
        )
    return words


def wetter(maps: Maps) -> list[tuple[float, float]]:
    """Return periods next to each other whose smaller flood has more wet cells than the larger one."""
    return [(one, other) for one, other in pairwise(maps) if maps[one].wet > maps[other].wet > 0]


def much_masked(maps: Maps) -> tuple[DepthFacts, float] | None:
    """The map of which permanent water covers most, and its share; None if it covers PERMANENT_SHARE of none."""
    shares = [(facts.masked / facts.wet, facts) for facts in maps.values() if facts.wet]
    share, facts = max(shares, key=lambda entry: entry[0], default=(0.0, None))
    return (facts, share) if facts is not None and share > _PERMANENT_SHARE else None


def depth_notes(maps: Maps) -> list[str]:
    """Everything doubtful about a country's flood maps, as runs say it; InputInvalid as `doubts_about`."""
    masked = much_masked(maps)
    return [
        *(doubt for facts in maps.values() for doubt in facts.doubts),
        *doubts_about(maps),
        *(wetter_doubt(maps[one], maps[other]) for one, other in wetter(maps)),
        *([masked_doubt(*masked)] if masked else []),
    ]


def wetter_doubt(smaller: DepthFacts, larger: DepthFacts) -> str:
    """What runs say of maps next to each other that are the wrong way round."""
    return f"{smaller.name} is wetter than {larger.name}"


def masked_doubt(facts: DepthFacts, share: float) -> str:
    """What runs say of a map of which permanent water covers much."""
    return f"permanent water covers {share:.0%} of the wet cells of {facts.name}"


def dry_doubt(period: float) -> str:
    """What runs say of a flood map without water inside the country; `period`: its return period, years."""
    return f"the flood map of {period:g} years holds no water inside the country"
