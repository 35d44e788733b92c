"""MOT Challenge's classes."""

from __future__ import annotations

from drivelabel.labels import Category, Taxonomy

MOT = Taxonomy(
    "mot",
    (
        Category("pedestrian", "#FF0033", concept="pedestrian"),
        Category("person_on_vehicle", "#FF6666", concept="rider"),
        Category("car", "#FFAA00", concept="car"),
        Category("bicycle", "#66FFAA", concept="bicycle"),
        Category("motorbike", "#00AA88", concept="motorcycle"),
        Category("non_motorized_vehicle", "#33CC99", concept="personal_mobility"),
        Category("static_person", "#FF5577"),
        Category("distractor", "#888888"),
        Category("occluder", "#777799"),
        Category("occluder_on_the_ground", "#666688"),
        Category("occluder_full", "#555577"),
        Category("reflection", "#99BBDD"),
        Category("crowd", "#DD7799"),
    ),
)
"""The number of a class in the files is its row here + 1.

Source: MOTChallenge 16 and 20; Dendorfer et al., MOT20, 2020, table 4.
"""
