"""Archives from strangers."""

from __future__ import annotations

import contextlib
import io
import stat
import warnings
import zipfile
from collections.abc import Callable

import pytest

from dashapp.errors import Invalid
from dashapp.services.superset import archive
from tests.services.superset import packs

Make = Callable[[zipfile.ZipFile], None]


def made(*steps: Make) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as one, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Twice the same name is what some of these are about.
        for step in steps:
            step(one)
    return held.getvalue()


def file(path: str, text: str = "a: 1") -> Make:
    return lambda one: one.writestr(path, text)


def odd(path: str, mode: int) -> Make:
    def step(one: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(path)
        info.external_attr = mode << 16
        one.writestr(info, "../../etc/passwd")

    return step


def test_one_root_folder_is_stripped() -> None:
    data = packs.packed({"metadata.yaml": "a: 1", "charts/x_1.yml": "b: 2"}, "export_2024")
    assert archive.unpack(data) == {"metadata.yaml": "a: 1", "charts/x_1.yml": "b: 2"}


def test_a_bundle_may_have_no_root_folder() -> None:
    data = packs.packed({"metadata.yaml": "a: 1", "charts/x.yaml": "b: 2"}, "")
    assert set(archive.unpack(data)) == {"metadata.yaml", "charts/x.yaml"}


def test_only_yaml_is_read_and_hidden_files_are_not() -> None:
    names = ("e/a.yaml", "e/.b.yaml", "e/_c.yaml", "e/__MACOSX/d.yaml", "e/readme.md", "e/x.YAML")
    assert set(archive.unpack(made(*map(file, names)))) == {"a.yaml", "x.YAML"}


BAD = {
    "out of the archive": file("e/../../x.yaml"),
    "out of the archive, absolute": file("/etc/x.yaml"),
    "out of the archive, by a drive": file("C:/x.yaml"),
    "characters": file("e\\..\\x.yaml"),
    "a link": odd("e/link.yaml", stat.S_IFLNK | 0o777),
    "an archive inside": file("e/more.zip"),
    "far more": file("e/bomb.yaml", "a" * 5_000_000),
    "larger than 20 MB": file("e/large.yaml", "ab" * 11_000_000),
}


@pytest.mark.parametrize("what", BAD)
def test_what_does_not_belong_there_is_refused(what: str) -> None:
    with pytest.raises(Invalid) as caught:
        archive.unpack(made(file("e/metadata.yaml"), BAD[what]))
    assert len(caught.value.fields) == 1
    assert what.split(",")[0].removeprefix("a ").removeprefix("an ") in caught.value.message


def test_every_problem_is_named() -> None:
    steps = [file(f"../x{n}.yaml") for n in range(7)]
    with pytest.raises(Invalid, match="7 problems") as caught:
        archive.unpack(made(*steps))
    assert len(caught.value.fields) == 7


def test_the_same_file_twice_is_refused_whatever_its_case() -> None:
    with pytest.raises(Invalid, match="twice"):
        archive.unpack(made(file("e/a.yaml"), file("e/A.yaml")))


def test_encrypted_files_are_refused() -> None:
    data = bytearray(made(file("e/a.yaml")))
    directory = data.index(b"PK\x01\x02")
    data[directory + 8] |= 1
    with pytest.raises(Invalid, match="encrypted"):
        archive.unpack(bytes(data))


def test_sizes_that_lie_are_noticed() -> None:
    data = bytearray(made(file("e/a.yaml", "a: 123456789")))
    directory = data.index(b"PK\x01\x02")
    data[directory + 24] -= 1
    with pytest.raises(Invalid):
        archive.unpack(bytes(data))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x05\x06" + b"\0" * 10, b"hello" * 100])
def test_what_is_no_archive_says_so(data: bytes) -> None:
    with pytest.raises(Invalid, match="damaged"):
        archive.unpack(data)


def test_damaged_archives_say_so() -> None:
    data = bytearray(made(file("e/a.yaml", "abc: def\n" * 1000)))
    data[40:60] = b"\xff" * 20
    with pytest.raises(Invalid):
        archive.unpack(bytes(data))


def test_text_that_is_not_utf_8_is_refused() -> None:
    def step(one: zipfile.ZipFile) -> None:
        one.writestr("e/a.yaml", b"a: \xff\xfe")

    with pytest.raises(Invalid, match="UTF-8"):
        archive.unpack(made(step))


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_FILES", 3)
    with pytest.raises(Invalid, match="more than 3 files"):
        archive.unpack(made(*(file(f"e/{n}.yaml") for n in range(4))))


def test_all_files_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1_000_000)
    text = "".join(f"{n}\n" for n in range(100_000))
    with pytest.raises(Invalid, match="unpacks to more"):
        archive.unpack(made(*(file(f"e/{n}.yaml", text) for n in range(4))))


def test_tables_of_contents_that_are_damaged_anywhere_say_so() -> None:
    whole = packs.packed({"metadata.yaml": "a: 1", "charts/ü.yaml": "b: 2"})
    start = whole.index(b"PK\x01\x02")
    for place in range(start, len(whole)):
        for value in (0, 0x80, 0xFF):
            broken = whole[:place] + bytes([value]) + whole[place + 1 :]
            with contextlib.suppress(Invalid):
                archive.unpack(broken)


def test_files_inside_other_files_are_refused() -> None:
    whole = made(file("e/a.yaml", "x" * 50), file("e/b.yaml", "y" * 50))
    at = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 1)
    moved = bytearray(whole)
    moved[at + 42 : at + 46] = (10).to_bytes(4, "little")  # Where the second one begins.
    with pytest.raises(Invalid, match="Another file begins inside it"):
        archive.unpack(bytes(moved))
