"""Zip archives from strangers: names, sizes and kinds of their files are checked before reading.

Nothing is ever written to disk: a bundle is a mapping from path to text.
"""

from __future__ import annotations

import io
import itertools
import stat
import struct
import zipfile
import zlib
from collections import Counter
from pathlib import PurePosixPath

from dashapp.errors import Invalid

MAX_BYTES = 50_000_000  # of the archive
MAX_UNPACKED = 100_000_000
MAX_FILE = 20_000_000
MAX_FILES = 5_000
MAX_RATIO = 200  # Text packs to a hundredth at most; bombs to a thousandth.
RATIO_FROM = 1_000_000
MAX_PATH = 1000
MAX_TOLD = 100
ENDINGS = (".yaml", ".yml")
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What reading a broken table of contents may end in.
DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError,
)  # fmt: skip
NESTED = (".zip", ".gz", ".bz2", ".xz", ".7z", ".tar", ".tgz", ".rar", ".zst")


def is_zip(data: bytes) -> bool:
    """Whether these bytes say that they are a zip archive."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"))


def unpack(data: bytes) -> dict[str, str]:
    """The YAML files of a bundle by path, its one root folder stripped.

    Raises Invalid with all problems by path: `fields` has one line per file.
    """
    if len(data) > MAX_BYTES:
        raise Invalid(f"The archive is larger than {MAX_BYTES // 1_000_000} MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            problems = _problems(entries)
            if problems:
                raise refused(problems)
            wanted = [e for e in entries if _is_wanted(e)]
            texts = {e.filename: _text(archive, e, problems) for e in wanted}
    except DAMAGED as error:
        raise Invalid("The file is damaged: it is not a whole zip archive.") from error
    if problems:
        raise refused(problems)
    return _rooted(texts)


def refused(problems: dict[str, str]) -> Invalid:
    """All problems of an archive as one error."""
    told = dict(list(problems.items())[:MAX_TOLD])
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    first = "; ".join(f"{path}: {text}" for path, text in list(told.items())[:5])
    return Invalid(f"The archive has {count}. {first}", told)


def _problems(entries: list[zipfile.ZipInfo]) -> dict[str, str]:
    """What is wrong with an archive, known from its table of contents alone."""
    if len(entries) > MAX_FILES:
        return {"archive": f"It has more than {MAX_FILES:,} files."}
    problems = {shown(e.filename): text for e in entries if (text := _problem(e))}
    counts = Counter(e.filename.casefold() for e in entries)
    for entry in entries:
        if counts[entry.filename.casefold()] > 1:
            problems[shown(entry.filename)] = "The same file is there twice."
    ordered = sorted(entries, key=lambda e: e.header_offset)
    for first, second in itertools.pairwise(ordered):
        name = first.orig_filename.encode("utf-8", "replace")
        if first.header_offset + 30 + len(name) + first.compress_size > second.header_offset:
            problems[shown(first.filename)] = "Another file begins inside it."
    if sum(e.file_size for e in entries) > MAX_UNPACKED:
        problems["archive"] = f"It unpacks to more than {MAX_UNPACKED // 1_000_000} MB."
    return problems


def _problem(entry: zipfile.ZipInfo) -> str | None:
    name = entry.filename
    if name != entry.orig_filename or "\\" in name or _has_control(name):
        return "Its name has characters that do not belong there."
    parts = name.split("/")
    if name.startswith("/") or ".." in parts or ":" in parts[0] or len(name) > MAX_PATH:
        return "Its path leads out of the archive."
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "It is a link or a device, not a file."
    if entry.flag_bits & 0x1:
        return "It is encrypted."
    if entry.compress_type not in METHODS:
        return "It is packed in an unusual way."
    if name.lower().endswith(NESTED):
        return "It is an archive inside the archive."
    if entry.file_size > MAX_FILE:
        return f"It is larger than {MAX_FILE // 1_000_000} MB."
    is_large = entry.file_size > RATIO_FROM
    if is_large and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        return "It unpacks to far more than a text would."
    return None


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    """YAML whose name, and whose folders' names, do not begin with . or _."""
    path = PurePosixPath(entry.filename)
    hidden = any(part.startswith((".", "_")) for part in path.parts)
    return not entry.is_dir() and not hidden and path.suffix.lower() in ENDINGS


def _text(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, problems: dict[str, str]) -> str:
    """The text of a file, never more than its table of contents says."""
    with archive.open(entry) as file:
        content = file.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        problems[shown(entry.filename)] = "It has another size than the archive says."
        return ""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems[shown(entry.filename)] = "It is not UTF-8 text."
        return ""


def _rooted(texts: dict[str, str]) -> dict[str, str]:
    """The same without the folder that all files are in, if `metadata.yaml` is not at the top."""
    roots = {path.split("/", 1)[0] for path in texts}
    if "metadata.yaml" in texts or len(roots) != 1 or any("/" not in path for path in texts):
        return texts
    return {path.split("/", 1)[1]: text for path, text in texts.items()}


def _has_control(name: str) -> bool:
    return any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in name)


def shown(name: str) -> str:
    """A path fit to be shown: short, without control characters."""
    return "".join(c if c.isprintable() else "?" for c in name)[:200]
