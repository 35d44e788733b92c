import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivelabel.tasks.detect.letterbox import Letterbox, place
from drivelabel.tasks.detect.looks import parts_of

SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


@given(SIZES, st.booleans())
def test_a_box_goes_into_the_input_and_comes_back(image_hw: tuple[int, int], centred: bool) -> None:
    placed = place(image_hw, (416, 416), centred=centred)
    boxes = np.array([[0, 0, image_hw[1], image_hw[0]], [1.5, 2.5, 7.25, 30]], float)
    inside = boxes * (placed.scale_xy * 2) + np.array(placed.offset_xy * 2)
    np.testing.assert_allclose(placed.to_image(inside), boxes, atol=1e-9)


@given(SIZES, st.booleans())
def test_the_image_fits_and_touches_two_sides(image_hw: tuple[int, int], centred: bool) -> None:
    placed = place(image_hw, (416, 320), centred=centred)
    (left, top), (height, width) = placed.offset_xy, placed.fitted_hw
    assert height == 416 or width == 320
    assert left >= 0 and top >= 0 and left + width <= 320 and top + height <= 416


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("image_hw", [(720, 1280), (1080, 1920), (375, 1242), (500, 300), (100, 100)])
def test_an_edge_in_the_image_lies_where_the_placement_says(image_hw: tuple[int, int], centred: bool) -> None:
    """The place of an edge is measured as the amount of light on its dark side: no half pixel can hide."""
    height, width = image_hw
    for edge in (width // 4, width // 2 + 1, width - 7):
        image = np.zeros((height, width, 3), np.uint8)
        image[:, edge:] = 200
        box = Letterbox((416, 416), centred=centred, pad=0, bgr=False)
        batch, (placed,) = box.fit([image])
        row = batch[0, 0, placed.offset_xy[1] + placed.fitted_hw[0] // 2]
        right = placed.offset_xy[0] + placed.fitted_hw[1]
        measured = right - row.sum() / 200
        expected = placed.offset_xy[0] + edge * placed.scale_xy[0]
        # Linear resizing samples two pixels, so an edge is known to half a source pixel's width.
        assert abs(measured - expected) <= max(0.51 * placed.scale_xy[0], 0.51)
        assert placed.to_image(np.array([[expected, 0, expected, 0]]))[0, 0] == pytest.approx(edge)


def test_on_average_over_edges_there_is_no_half_pixel_of_bias() -> None:
    box = Letterbox((416, 416), centred=False, pad=0, bgr=False)
    off = []
    for edge in range(300, 700):
        image = np.zeros((720, 1280, 3), np.uint8)
        image[:, edge:] = 200
        batch, (placed,) = box.fit([image])
        measured = placed.fitted_hw[1] - batch[0, 0, 100].sum() / 200
        off.append(measured / placed.scale_xy[0] - edge)
    assert abs(np.mean(off)) < 0.05


def test_input_values_equal_those_of_a_plain_letterbox() -> None:
    rng = np.random.default_rng(0)
    box = Letterbox((64, 96), centred=True, pad=114, bgr=True, scale=(1 / 255, 1, 2), shift=(1, 0, -3))
    images = [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in ((50, 40), (20, 80), (50, 40))]
    batch, places = box.fit(images)
    for image, out, placed in zip(images, batch, places, strict=True):
        (left, top), (height, width) = placed.offset_xy, placed.fitted_hw
        plain = np.full((64, 96, 3), 114, np.uint8)
        plain[top : top + height, left : left + width] = cv2.resize(image, (width, height))
        bgr = plain[:, :, ::-1].astype(np.float32) * (1 / 255, 1, 2) + (1, 0, -3)
        np.testing.assert_allclose(out, bgr.transpose(2, 0, 1), rtol=1e-6)


def test_parts_of_the_smallest_image_have_pixels() -> None:
    for part in parts_of(np.zeros((1, 1, 3), np.uint8), ((0, 0, 1, 1), (0.9, 0.9, 1, 1), (0, 0, 0.1, 0.1))):
        assert part.image_rgb.shape == (1, 1, 3)


def test_a_box_cut_by_a_part_is_known_but_one_at_the_images_border_is_not_cut() -> None:
    whole, part = parts_of(np.zeros((100, 200, 3), np.uint8), ((0, 0, 1, 1), (0.25, 0, 0.75, 0.5)))
    boxes = np.array(
        [[0, 5, 20, 20], [20, 0, 40, 20], [80, 10, 99, 30], [20, 40, 40, 50], [10, 10, 20, 20]], float
    )
    assert whole.whole_things(boxes).all()
    assert part.whole_things(boxes).tolist() == [False, True, False, False, True]
    np.testing.assert_array_equal(part.to_whole(boxes)[4], [60, 10, 70, 20])


def test_what_is_large_in_a_part_is_left_to_the_whole_image() -> None:
    whole, part = parts_of(np.zeros((100, 200, 3), np.uint8), ((0, 0, 1, 1), (0.25, 0, 0.75, 0.5)))
    boxes = np.array([[30, 10, 54, 20], [30, 10, 56, 20]], float)
    assert whole.whole_things(boxes).tolist() == [True, True]
    assert part.whole_things(boxes).tolist() == [True, False]
