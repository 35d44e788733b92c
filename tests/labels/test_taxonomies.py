from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from drivelabel.errors import InvalidLabelError
from drivelabel.labels import (
    COCO,
    DRIVING,
    KITTI,
    NUSCENES,
    PANDASET,
    TAXONOMIES,
    UNMAPPED,
    Category,
    Taxonomy,
    get_taxonomy,
    mapping,
)
from drivelabel.labels.taxonomies import (
    BDD100K,
    BDD100K_DETECTION,
    BDD100K_DRIVABLE,
    BDD100K_LANES,
    BDD100K_SEMANTIC,
    CITYSCAPES,
    CITYSCAPES_IDS,
    CITYSCAPES_TRAIN_IDS,
    COCO_IDS,
    PANDASET_CUBOIDS,
)

ALL = pytest.mark.parametrize("taxonomy", TAXONOMIES.values(), ids=TAXONOMIES)


def _ancestors(concept: str) -> list[str]:
    parent = DRIVING.categories[DRIVING.id_of(concept)].parent
    return [] if parent is None else [parent, *_ancestors(parent)]


@ALL
def test_mapping_to_itself_changes_nothing(taxonomy: Taxonomy) -> None:
    np.testing.assert_array_equal(mapping(taxonomy, taxonomy), np.arange(len(taxonomy)))


@ALL
def test_every_concept_is_a_class_of_driving(taxonomy: Taxonomy) -> None:
    assert {c.concept for c in taxonomy if c.concept is not None} <= set(DRIVING.names)


@ALL
def test_mapping_to_driving_gives_the_concept(taxonomy: Taxonomy) -> None:
    for category, row in zip(taxonomy, mapping(taxonomy, DRIVING), strict=True):
        assert (DRIVING.names[row] if row != UNMAPPED else None) == category.concept


@ALL
def test_mapping_to_driving_and_back_never_changes_the_concept(taxonomy: Taxonomy) -> None:
    there, back = mapping(taxonomy, DRIVING), mapping(DRIVING, taxonomy)
    for category, row in zip(taxonomy, there, strict=True):
        if row == UNMAPPED or back[row] == UNMAPPED:
            continue
        concept = taxonomy.categories[back[row]].concept
        assert concept == category.concept or concept in _ancestors(category.concept or "")


@ALL
@pytest.mark.parametrize("other", TAXONOMIES.values(), ids=TAXONOMIES)
def test_any_mapping_keeps_the_concept_or_widens_it(taxonomy: Taxonomy, other: Taxonomy) -> None:
    for category, row in zip(taxonomy, mapping(taxonomy, other), strict=True):
        if row == UNMAPPED or category.concept is None:
            continue
        concept = other.categories[row].concept
        allowed = [category.concept, *_ancestors(category.concept)]
        if "person" in allowed:
            allowed.append("pedestrian")  # most sets have one class for all people
        assert concept in allowed


@ALL
def test_things_never_become_stuff_where_both_can_be_counted(taxonomy: Taxonomy) -> None:
    for category, row in zip(taxonomy, mapping(taxonomy, DRIVING), strict=True):
        if row != UNMAPPED and not DRIVING.categories[row].is_thing:
            assert not category.is_thing, category.name


@pytest.mark.parametrize(
    ("src", "name", "dst", "expected"),
    [
        ("coco", "person", "driving", "pedestrian"),
        ("coco", "traffic light", "cityscapes", "traffic light"),
        ("driving", "rider", "coco", "person"),
        ("driving", "bus", "nuscenes", "vehicle.bus.rigid"),
        ("driving", "truck", "pandaset", "Medium-sized Truck"),
        ("driving", "stop_line", "cityscapes", "road"),
        ("driving", "lane", "nuscenes", "flat.driveable_surface"),
        ("pandaset", "Pedestrian with Object", "nuscenes", "human.pedestrian.adult"),
        ("pandaset", "Pickup Truck", "coco", "truck"),
        ("argoverse2", "REGULAR_VEHICLE", "kitti", "Car"),
        ("cityscapes", "bicycle", "bdd100k", "bicycle"),
        ("driving", "traffic_sign", "coco", None),
        ("driving", "animal", "coco", None),
        ("kitti", "DontCare", "driving", None),
        ("coco", "pizza", "driving", None),
    ],
)
def test_a_class_becomes(src: str, name: str, dst: str, expected: str | None) -> None:
    row = mapping(TAXONOMIES[src], TAXONOMIES[dst])[TAXONOMIES[src].id_of(name)]
    assert (TAXONOMIES[dst].names[row] if row != UNMAPPED else None) == expected


def _custom(*names: str, **concepts: str) -> Taxonomy:
    return Taxonomy("mine", tuple(Category(n, "#000000", concepts.get(n)) for n in names))


def test_a_custom_class_without_concept_maps_by_the_spelling_of_its_name() -> None:
    mine = _custom("Traffic-Light", "trafficSign", "PEDESTRIAN", "pizza", "gnome")
    assert [DRIVING.names[r] for r in mapping(mine, DRIVING)[:3]] == [
        "traffic_light",
        "traffic_sign",
        "pedestrian",
    ]
    assert mapping(mine, COCO).tolist() == [9, UNMAPPED, 0, COCO.id_of("pizza"), UNMAPPED]


def test_a_custom_class_takes_its_parents_concept() -> None:
    mine = Taxonomy(
        "mine", (Category("lorry", "#000000", "truck"), Category("tipper", "#000000", parent="lorry"))
    )
    assert [KITTI.names[r] for r in mapping(mine, KITTI)] == ["Truck", "Truck"]


def test_a_subset_of_a_taxonomy_keeps_its_names() -> None:
    some = Taxonomy("coco", tuple(c for c in COCO if c.name in ("cat", "dog", "bus")))
    assert [COCO.names[r] for r in mapping(some, COCO)] == list(some.names)


def test_an_unknown_concept_is_named() -> None:
    with pytest.raises(InvalidLabelError, match=r"no category 'lory'\. .*Known: "):
        mapping(_custom("x", x="lory"), COCO)


def test_a_mapping_can_be_changed_by_its_owner() -> None:
    mapping(COCO, KITTI)[:] = 5
    assert not (mapping(COCO, KITTI) == 5).all()


def test_a_taxonomy_is_found_by_name() -> None:
    assert get_taxonomy("nuscenes") is NUSCENES
    with pytest.raises(InvalidLabelError, match=r"no taxonomy 'nuscene'\. Did you mean 'nuscenes'\? Known: "):
        get_taxonomy("nuscene")


def test_driving_has_its_names_in_this_order() -> None:
    """Ids are stored in scenes: names may be added at the end, never moved."""
    assert DRIVING.names == (
        "car", "truck", "bus", "train", "trailer", "construction_vehicle", "emergency_vehicle",
        "other_vehicle", "motorcycle", "bicycle", "personal_mobility", "pedestrian", "rider", "animal",
        "traffic_light", "traffic_sign", "traffic_cone", "barrier", "debris", "other_object",
        "road", "lane", "lane_marking", "crosswalk", "stop_line", "other_road_marking", "sidewalk", "terrain",
        "vegetation", "building", "wall", "fence", "pole", "sky", "ego_vehicle", "other_stuff",
        "vehicle", "person", "two_wheeler",
    )  # fmt: skip


def test_nuscenes_equals_the_devkit() -> None:
    color_map = pytest.importorskip("nuscenes.utils.color_map")
    expected = {name: "#{:02X}{:02X}{:02X}".format(*rgb) for name, rgb in color_map.get_colormap().items()}
    assert {c.name: c.color for c in NUSCENES} == expected
    assert NUSCENES.names == tuple(expected), "in the order of nuScenes-lidarseg"
    assert sum(c.is_thing for c in NUSCENES) == 23


def test_coco_ids_are_those_of_real_annotations(shared_data: Path) -> None:
    import json

    files = sorted((shared_data / "coco_eval").glob("instances*.json"))
    if not files:
        pytest.skip("no COCO annotations in the shared data")
    for category in json.loads(files[0].read_text())["categories"]:
        assert COCO.names[COCO_IDS.index(category["id"])] == category["name"]


def test_coco_has_80_of_the_ids_up_to_90() -> None:
    assert len(COCO) == len(COCO_IDS) == 80
    missing = set(range(1, 91)) - set(COCO_IDS)
    assert missing == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}


def test_cityscapes_has_19_train_ids_in_order() -> None:
    trained = [i for i in CITYSCAPES_TRAIN_IDS if 0 <= i < 255]
    assert trained == list(range(19))
    assert CITYSCAPES_IDS[:34] == tuple(range(34))
    assert CITYSCAPES.names[34] == "license plate"
    by_train_id = [CITYSCAPES.names[CITYSCAPES_TRAIN_IDS.index(i)] for i in range(19)]
    assert by_train_id == list(BDD100K_SEMANTIC), "BDD100K took its 19 classes from Cityscapes"


def test_bdd100k_has_the_classes_of_all_its_tasks() -> None:
    parts = (BDD100K_DETECTION, BDD100K_SEMANTIC, BDD100K_DRIVABLE, BDD100K_LANES)
    assert [len(part) for part in parts] == [10, 19, 2, 8]
    assert set(BDD100K.names) == {name for part in parts for name in part}


def test_pandaset_is_what_its_data_says() -> None:
    assert len(PANDASET) == 42
    assert len(PANDASET_CUBOIDS) == 28
    assert PANDASET.names[0] == "Smoke"
    assert PANDASET.names[12] == "Car", "id 13 in the files"


def test_pandaset_has_the_classes_of_classes_json(shared_data: Path) -> None:
    import json

    files = sorted(shared_data.glob("pandaset_*/annotations/semseg/classes.json"))
    if not files:
        pytest.skip("no PandaSet in the shared data")
    classes = json.loads(files[0].read_text())
    assert [classes[str(row + 1)] for row in range(len(PANDASET))] == list(PANDASET.names)


@ALL
def test_colours_of_classes_are_rgb(taxonomy: Taxonomy) -> None:
    assert taxonomy.colors.shape == (len(taxonomy), 3)
    first = taxonomy.categories[0].color
    assert taxonomy.colors[0].tolist() == [int(first[k : k + 2], 16) for k in (1, 3, 5)]


def test_ids_are_looked_up_by_name() -> None:
    assert COCO.ids_of(["car", "person"]).tolist() == [2, 0]
    with pytest.raises(
        InvalidLabelError, match=r"taxonomy coco: no category 'bicycel'\. Did you mean 'bicycle'\?"
    ):
        COCO.id_of("bicycel")


def test_ids_that_are_no_class_are_named() -> None:
    with pytest.raises(
        InvalidLabelError, match=r"boxes, row 1: expected a category id of taxonomy kitti \(0 to 8\), got 9\."
    ):
        KITTI.check_ids("boxes", np.array([0, 9]))


@pytest.mark.parametrize(
    ("categories", "message"),
    [
        ([Category("a", "#000000"), Category("a", "#000000")], "category 'a' occurs twice"),
        ([Category("a", "#000000", parent="b")], "no category 'b'"),
        ([Category("a", "#000000", parent="a")], "'a' is its own ancestor"),
        (
            [Category("a", "#000000", parent="b"), Category("b", "#000000", parent="a")],
            "'a' is its own ancestor",
        ),
        ([Category("a", "red")], "category 'a': expected a colour like #4C9AFF, got 'red'"),
        ([Category("a", "#GG0000")], "got '#GG0000'"),
        ([Category(str(k), "#000000") for k in range(256)], "expected at most 255 categories, got 256"),
    ],
)
def test_a_broken_taxonomy_is_refused(categories: list[Category], message: str) -> None:
    with pytest.raises(InvalidLabelError, match=message):
        Taxonomy("mine", tuple(categories))
