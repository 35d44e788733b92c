from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from drivelabel.media.draw.canvas import Canvas
from drivelabel.media.draw.chips import Chip, draw_chips, name_spans, place_chips
from drivelabel.media.draw.legend import Meaning

COLOR = (255, 170, 0)


def chip(x: float, y: float, w: float, h: float, track_id: int, weight: float = 1.0) -> Chip:
    texts = name_spans("car", track_id, 0.87, COLOR)
    return Chip(texts, Meaning("car", COLOR, "box"), (x, y, x + w, y + h), weight)


boxes = st.lists(
    st.tuples(st.floats(-50, 450), st.floats(-50, 350), st.floats(0, 200), st.floats(0, 200)), max_size=40
)


@settings(max_examples=50)
@given(boxes)
def test_name_plates_never_cover_each_other_and_stay_inside(things: list[tuple[float, ...]]) -> None:
    canvas = Canvas(np.zeros((300, 400, 3), np.uint8))
    placed = place_chips(canvas, [chip(*thing, track_id=row) for row, thing in enumerate(things)])
    taken = np.zeros((300, 400), np.int64)
    for _, (x0, y0, x1, y1) in placed.values():
        assert 0 <= x0 < x1 <= 400
        assert 0 <= y0 < y1 <= 300
        taken[int(y0) : int(y1), int(x0) : int(x1)] += 1
    assert taken.max(initial=0) <= 1


def test_plates_without_room_are_counted() -> None:
    canvas = Canvas(np.zeros((60, 100, 3), np.uint8))
    crowd = [chip(40, 25, 6, 6, track_id) for track_id in range(30)]
    left_out = draw_chips(canvas, crowd)
    assert left_out == 30 - len(place_chips(canvas, crowd))
    assert 0 < left_out < 30


def test_where_room_is_short_the_text_is_shortened() -> None:
    canvas = Canvas(np.zeros((40, 60, 3), np.uint8))
    (spans, _) = place_chips(canvas, [chip(20, 18, 20, 20, 7)])[0]
    assert spans[-1][0] != "  0.87"


def test_the_heavier_thing_gets_its_plate_first() -> None:
    canvas = Canvas(np.zeros((24, 90, 3), np.uint8))
    light, heavy = chip(10, 20, 60, 4, 1, weight=1), chip(10, 20, 60, 4, 2, weight=9)
    assert 1 in place_chips(canvas, [light, heavy])


def test_a_single_plate_stands_above_its_box() -> None:
    canvas = Canvas(np.zeros((300, 400, 3), np.uint8))
    _, rect = place_chips(canvas, [chip(100, 100, 80, 60, 3)])[0]
    assert rect[3] <= 100
    assert abs(rect[0] - 100) < 5


def test_a_plate_says_class_id_and_score() -> None:
    full, plain, short = name_spans("car", 7, 0.874, COLOR)
    assert "".join(words for words, _ in full) == "car  #7  0.87"
    assert "".join(words for words, _ in plain) == "car  #7"
    assert "".join(words for words, _ in short) == "#7"
    assert [words for words, _ in name_spans("car", -1, None, COLOR)[2]] == ["car"]
