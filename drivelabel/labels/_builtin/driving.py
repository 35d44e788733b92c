"""The hub: classes of a drive, through which all other taxonomies map to each other."""

from __future__ import annotations

from drivelabel.labels.taxonomy import Category, Taxonomy

# The first eight colours are told apart with every kind of colour blindness (worst pair dE 15).
_THINGS = (
    ("car", "FFAA00", "vehicle"),
    ("truck", "AA66FF", "vehicle"),
    ("bus", "CCAAFF", "vehicle"),
    ("train", "7A5CD6", "vehicle"),
    ("trailer", "C77CFF", "vehicle"),
    ("construction_vehicle", "D98200", "vehicle"),
    ("emergency_vehicle", "FF5C7A", "vehicle"),
    ("other_vehicle", "D6A45C", "vehicle"),
    ("motorcycle", "00AA88", "two_wheeler"),
    ("bicycle", "66FFAA", "two_wheeler"),
    ("personal_mobility", "33CC99", "vehicle"),
    ("pedestrian", "FF0033", "person"),
    ("rider", "FF6666", "person"),
    ("animal", "B35900", None),
    ("traffic_light", "AACCCC", None),
    ("traffic_sign", "8888AA", None),
    ("traffic_cone", "FF7F2A", None),
    ("barrier", "A0A0C8", None),
    ("debris", "806040", None),
    ("other_object", "B0B0B0", None),
)

_STUFF = (
    ("road", "3A6EA5", None),
    ("lane", "4FB3BF", "road"),
    ("lane_marking", "FFE45C", "road"),
    ("crosswalk", "E8E8FF", "road"),
    ("stop_line", "FF9F80", "road"),
    ("other_road_marking", "D8D8A0", "road"),
    ("sidewalk", "C080B0", None),
    ("terrain", "9FB36B", None),
    ("vegetation", "4E8A4E", None),
    ("building", "7D7468", None),
    ("wall", "8F8FB0", None),
    ("fence", "B39C86", None),
    ("pole", "9C9C9C", None),
    ("sky", "87BEEB", None),
    ("ego_vehicle", "404048", None),
    ("other_stuff", "6C6C70", None),
)

# Wider classes, for taxonomies that say no more. Last, so that the ids above never move.
_ABSTRACT = (
    ("vehicle", "FFC14D", None),
    ("person", "FF3355", None),
    ("two_wheeler", "33D69F", "vehicle"),
)


def _categories() -> tuple[Category, ...]:
    rows = [(row, True) for row in _THINGS] + [(row, False) for row in _STUFF]
    rows += [(row, True) for row in _ABSTRACT]
    return tuple(
        Category(name, f"#{color}", concept=name, parent=parent, is_thing=is_thing)
        for (name, color, parent), is_thing in rows
    )


DRIVING = Taxonomy("driving", _categories())
"""The hub of all taxonomies; models of drivelabel label in it."""
