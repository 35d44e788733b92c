"""Writes the small hostile files of ``tests/corpus/hostile`` and their list; run it after adding a case here.

python -m tests.corpus.make_hostile
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

HOME = Path(__file__).parent / "hostile"
READ = "is read"
"""Instead of an error: the file is harmless, or made so."""

COCO: dict[str, Any] = {
    "images": [{"id": 1, "file_name": "a.png", "width": 30, "height": 20}],
    "categories": [{"id": 1, "name": "car"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12, "iscrowd": 0,
         "segmentation": []}
    ],
}  # fmt: skip
CVAT = (
    '<annotations><image id="0" name="a.png" width="30" height="20">'
    '<box label="car" xtl="1" ytl="2" xbr="4" ybr="6" occluded="0" z_order="0"/></image></annotations>'
)
_RLE: list[Any] = ["annotations", 0, "segmentation"]
CHANGES: dict[str, tuple[list[Any], Any, str]] = {
    "box_nan_text": (["annotations", 0, "bbox", 0], "NaN", "annotation"),
    "box_1e308": (["annotations", 0, "bbox", 0], 1e308, "annotation"),
    "box_negative_width": (["annotations", 0, "bbox", 2], -3, "negative"),
    "box_three_numbers": (["annotations", 0, "bbox"], [1, 2, 3], "4 numbers"),
    "box_null": (["annotations", 0, "bbox", 1], None, "annotation"),
    "image_size_2_31": (["images", 0, "width"], 2**31, "image"),
    "image_size_zero": (["images", 0, "height"], 0, "image"),
    "image_size_negative": (["images", 0, "height"], -5, "image"),
    "image_id_missing": (["images", 0, "id"], ..., "id"),
    "unknown_image": (["annotations", 0, "image_id"], 7, "image"),
    "unknown_category": (["annotations", 0, "category_id"], 9, "categor"),
    "category_name_missing": (["categories", 0, "name"], ..., "name"),
    "category_name_list": (["categories", 0, "name"], ["x"], "name"),
    "name_climbs_out": (["images", 0, "file_name"], "../../../etc/passwd", READ),
    "name_absolute": (["images", 0, "file_name"], "/etc/passwd", READ),
    "polygon_1e30": (["annotations", 0, "segmentation"], [[1e30, 1e30, 1, 1, 2, 2]], "annotation"),
    "polygon_odd": (["annotations", 0, "segmentation"], [[1, 2, 3, 4, 5]], "annotation"),
    "rle_too_short": (_RLE, {"size": [20, 30], "counts": [5, 5]}, "annotation"),
    "rle_of_another_size": (_RLE, {"size": [2, 3], "counts": [6]}, "annotation"),
    "rle_huge": (_RLE, {"size": [2**31, 2**31], "counts": "0"}, "annotation"),
    "rle_negative": (_RLE, {"size": [20, 30], "counts": [-5, 605]}, "annotation"),
    "rle_no_text": (_RLE, {"size": [20, 30], "counts": "\u00ff\u0001"}, "annotation"),
    "keypoints_cut": (["annotations", 0, "keypoints"], [1, 2], "annotation"),
    "images_no_list": (["images"], {}, "images"),
    "annotations_no_list": (["annotations"], "x", "annotations"),
    "annotation_no_object": (["annotations", 0], 5, "annotation"),
}  # fmt: skip
"""Name to the place that is changed, the new value (... to remove it), and words of the error."""

TEXTS: dict[str, tuple[str, bytes, str]] = {
    "coco/duplicate_key.json": ("coco", b'{"images": [], "images": []}', "twice"),
    "coco/nan.json": ("coco", json.dumps(COCO).replace("12", "NaN").encode(), "expected finite numbers"),
    "coco/minus_infinity.json": ("coco", json.dumps(COCO).replace("12", "-Infinity").encode(), "finite"),
    "coco/utf16.json": ("coco", json.dumps(COCO).encode("utf-16"), READ),
    "coco/bom.json": ("coco", b"\xef\xbb\xbf" + json.dumps(COCO).encode(), READ),
    "coco/nul.json": ("coco", json.dumps(COCO).encode().replace(b"car", b"c\0r"), "NUL"),
    "coco/lone_surrogate.json": ("coco", json.dumps(COCO).replace("car", "\\ud800").encode(), READ),
    "coco/latin1.json": ("coco", json.dumps(COCO).encode().replace(b"car", b"c\xe4r"), "expected UTF-8"),
    "coco/empty.json": ("coco", b"", "line 1, column 1: no JSON"),
    "coco/a_list.json": ("coco", b"[1, 2]", "expected an object"),
    "cvat/entity.xml": ("cvat", b'<!DOCTYPE a [<!ENTITY x "y">]><annotations>&x;</annotations>', "DTD"),
    "cvat/external.xml": (
        "cvat",
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations>&x;</annotations>',
        "DTD",
    ),
    "cvat/nan.xml": ("cvat", CVAT.replace('xtl="1"', 'xtl="nan"').encode(), "image"),
    "cvat/inside_out.xml": ("cvat", CVAT.replace('xbr="4"', 'xbr="0"').encode(), "image"),
    "cvat/no_size.xml": ("cvat", CVAT.replace('width="30"', "").encode(), "width"),
    "cvat/size_2_31.xml": ("cvat", CVAT.replace('"30"', '"2147483648"').encode(), "image"),
    "cvat/cut.xml": ("cvat", CVAT[:90].encode(), "no XML"),
    "tusimple/cut.json": ("tusimple", b'{"lanes": [[1]], "h_samples": [10', "line 1"),
    "tusimple/rows_fall.json": (
        "tusimple", b'{"lanes": [[1, 2]], "h_samples": [20, 10], "raw_file": "a.jpg"}', "h_samples",
    ),
    "tusimple/lane_too_short.json": (
        "tusimple", b'{"lanes": [[1]], "h_samples": [10, 20], "raw_file": "a.jpg"}', "expected 2 numbers",
    ),
    "tusimple/climbs_out.json": (
        "tusimple", b'{"lanes": [[1, 2]], "h_samples": [10, 20], "raw_file": "../../x.jpg"}', "leads out",
    ),
    "mot/nan.txt": ("mot", b"1,1,nan,2,3,4,1,-1,-1,-1\n", "line 1"),
    "mot/frame_2_63.txt": ("mot", b"9223372036854775808,1,1,2,3,4,1,-1,-1,-1\n", "line 1"),
    "mot/negative_size.txt": ("mot", b"1,1,1,2,-3,4,1,-1,-1,-1\n", "line 1"),
    "mot/words.txt": ("mot", b"1,1,one,2,3,4,1,-1,-1,-1\n", "line 1"),
}  # fmt: skip


def main() -> None:
    """Write every file, and the list of the errors that are expected."""
    expected: dict[str, list[str]] = {}
    for name, (place, value, complaint) in CHANGES.items():
        tree = deepcopy(COCO)
        parent: Any = tree
        for key in place[:-1]:
            parent = parent[key]
        if value is ...:
            del parent[place[-1]]
        else:
            parent[place[-1]] = value
        _write(f"coco/{name}.json", json.dumps(tree).encode())
        expected[f"coco/{name}.json"] = ["coco", complaint]
    for what in ("images", "categories", "annotations"):
        tree = deepcopy(COCO)
        tree[what].append(deepcopy(tree[what][0]))
        _write(f"coco/{what}_id_twice.json", json.dumps(tree).encode())
        expected[f"coco/{what}_id_twice.json"] = ["coco", "occurs twice"]
    tree = deepcopy(COCO)
    tree["images"].append({**tree["images"][0], "id": 2, "file_name": "A.png"})
    _write("coco/names_differ_in_case.json", json.dumps(tree).encode())
    expected["coco/names_differ_in_case.json"] = ["coco", READ]
    for name, (reader, data, complaint) in TEXTS.items():
        _write(name, data)
        expected[name] = [reader, complaint]
    (HOME / "expected.json").write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")


def _write(name: str, data: bytes) -> None:
    path = HOME / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


if __name__ == "__main__":
    main()
