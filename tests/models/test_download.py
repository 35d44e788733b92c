import hashlib
import io
from pathlib import Path

import pytest

from drivelabel.errors import StoreError
from drivelabel.models import download as module
from drivelabel.models.download import download

BYTES = bytes(range(256)) * 3000
SHA = hashlib.sha256(BYTES).hexdigest()
URL = "https://example.org/toy.onnx"


class Answer(io.BytesIO):
    status = 200


class Server:
    """Stands in for the network: serves `data`, knows ranges if asked to, and may hang up early."""

    def __init__(self, data: bytes = BYTES, ranges: bool = True, hang_up_after: int | None = None) -> None:
        self.data, self.ranges, self.hang_up_after = data, ranges, hang_up_after
        self.asked: list[str | None] = []

    def open(self, request, timeout):
        wanted = request.get_header("Range")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.ranges else 0
        answer = Answer(self.data[start:][: self.hang_up_after])
        answer.status = 206 if start else 200
        return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch):
    def start(**settings) -> Server:
        made = Server(**settings)
        monkeypatch.setattr(module.urllib.request, "build_opener", lambda *_: made)
        return made

    return start


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"toy.onnx.lock"}


def test_a_whole_file_arrives_and_nothing_else_is_left(tmp_path: Path, server) -> None:
    server()
    target = tmp_path / "new" / "folder" / "toy.onnx"
    assert download(URL, target, SHA, len(BYTES)).read_bytes() == BYTES
    assert names(target.parent) == {"toy.onnx"}


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_download_is_continued_where_it_ended(tmp_path: Path, server, ranges: bool) -> None:
    target = tmp_path / "toy.onnx"
    server(hang_up_after=300_000)
    with pytest.raises(StoreError, match="ended after 300000 of 768000 bytes"):
        download(URL, target, SHA, len(BYTES))
    assert names(tmp_path) == {"toy.onnx.part"}
    second = server(ranges=ranges)
    assert download(URL, target, SHA, len(BYTES)).read_bytes() == BYTES
    assert second.asked == ["bytes=300000-"]
    assert names(tmp_path) == {"toy.onnx"}


@pytest.mark.parametrize("data", [BYTES[:-1] + b"\0\1", BYTES[:-1] + b"\1"], ids=["longer", "altered"])
def test_other_bytes_are_thrown_away(tmp_path: Path, server, data: bytes) -> None:
    server(data=data)
    with pytest.raises(StoreError, match="expected sha256"):
        download(URL, tmp_path / "toy.onnx", SHA, len(BYTES))
    assert names(tmp_path) == set()


def test_a_file_without_end_is_cut_off(tmp_path: Path, server, monkeypatch: pytest.MonkeyPatch) -> None:
    endless = server(data=BYTES * 20)
    with pytest.raises(StoreError, match="expected sha256"):
        download(URL, tmp_path / "toy.onnx", SHA, len(BYTES))
    assert endless.asked == [None]


@pytest.mark.parametrize("url", ["http://example.org/x", "file:///etc/passwd", "ftp://example.org/x", "toy"])
def test_only_https_is_asked(tmp_path: Path, server, url: str) -> None:
    untouched = server()
    with pytest.raises(StoreError, match="expected an https:// address"):
        download(url, tmp_path / "toy.onnx", SHA, len(BYTES))
    assert untouched.asked == []


def test_a_redirect_out_of_https_is_refused() -> None:
    with pytest.raises(StoreError, match="expected an https:// address"):
        module._HttpsRedirects().redirect_request(None, None, 302, "", None, "http://10.0.0.1/x")  # type: ignore[arg-type]


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path, server) -> None:
    server()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"toy\.onnx"):
        download(URL, tmp_path / "file" / "toy.onnx", SHA, len(BYTES))
