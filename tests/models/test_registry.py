import hashlib
from pathlib import Path

import pytest

from drivelabel.errors import StoreError
from drivelabel.models import KNOWN, WeightFile, cache_folder, find_weights, registry

BYTES = b"these are the weights"
TOY = WeightFile(
    "toy.onnx", "detect", hashlib.sha256(BYTES).hexdigest(), len(BYTES), "MIT", "https://example.org/toy"
)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The person's folder and the cache, both empty, and one known file."""
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("DRIVELABEL_MODELS", str(own))
    monkeypatch.setattr(registry.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(KNOWN, TOY.name, TOY)
    cache_folder().mkdir(parents=True)
    return own, cache_folder()


def test_the_persons_folder_comes_before_the_cache(places: tuple[Path, Path]) -> None:
    own, cache = places
    (cache / "toy.onnx").write_bytes(BYTES)
    assert find_weights("toy") == cache / "toy.onnx"
    (own / "toy.onnx").write_bytes(BYTES)
    assert find_weights("toy.onnx") == own / "toy.onnx"


def test_a_missing_file_is_one_error_that_names_all_three_places(places: tuple[Path, Path]) -> None:
    own, cache = places
    with pytest.raises(StoreError) as caught:
        find_weights("toy")
    text = str(caught.value)
    assert "\n" not in text
    for part in ("toy.onnx", "$DRIVELABEL_MODELS", str(own), str(cache), "no address is known", TOY.source):
        assert part in text


def test_one_altered_byte_is_refused_and_the_error_names_all_three_places(places: tuple[Path, Path]) -> None:
    own, cache = places
    (own / "toy.onnx").write_bytes(b"T" + BYTES[1:])
    (cache / "toy.onnx").write_bytes(BYTES)
    with pytest.raises(StoreError, match=r"altered.*expected sha256") as caught:
        find_weights("toy")
    for part in (str(own), str(cache), "by download", TOY.sha256):
        assert part in str(caught.value)


def test_a_known_file_is_downloaded_into_the_cache_once(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def fake(url: str, target: Path, sha256: str, n_bytes: int) -> Path:
        calls.append((url, sha256, n_bytes))
        target.write_bytes(BYTES)
        return target

    with_url = WeightFile(
        TOY.name, TOY.task, TOY.sha256, TOY.n_bytes, TOY.licence, TOY.source, "https://e.org/toy.onnx"
    )
    monkeypatch.setitem(KNOWN, TOY.name, with_url)
    monkeypatch.setattr(registry, "download", fake)
    assert find_weights("toy") == find_weights("toy") == places[1] / "toy.onnx"
    assert calls == [("https://e.org/toy.onnx", TOY.sha256, TOY.n_bytes)]


def test_offline_nothing_is_downloaded(places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "download", lambda *_: pytest.fail("downloaded"))
    monkeypatch.setenv("DRIVELABEL_OFFLINE", "1")
    with pytest.raises(StoreError, match="not tried: offline"):
        find_weights("yolox_nano")


def test_a_path_is_taken_as_it_is_and_a_wrong_one_says_what_is_known(tmp_path: Path) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(b"anything")
    assert find_weights(mine) == mine
    assert find_weights(str(mine)) == mine
    with pytest.raises(StoreError, match=r"yolox_nona: no such weight file.*Did you mean 'yolox_nano.onnx'"):
        find_weights("yolox_nona")


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_published_digest_is_that_of_the_real_file(name: str, shared_weights: Path) -> None:
    data = (shared_weights / name).read_bytes()
    assert hashlib.sha256(data).hexdigest() == KNOWN[name].sha256
    assert len(data) == KNOWN[name].n_bytes
