"""Who asks for an answer, and what may be wished about that: as a short text on a flag."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Literal, cast

Kind = Literal["stop", "leave", "replace"]
NAME_CHARS = 16  # Of a question's key, told from its few siblings by the end of the digest.


@dataclass(frozen=True)
class Asker:
    """Somebody who waits for an answer: a tile of an open page, or an export.

    `query_id` names it, `page` the page it is on. `question` is the key of what it asks (its
    answer may come with others' in one query), `sequence` counts what its page asked; without
    that, nothing it asks later replaces it.
    """

    query_id: str
    page: str | None = None
    question: str = ""
    sequence: int | None = None


@dataclass(frozen=True)
class Wish:
    """Stop at once; a page was left; or what an asker wants from the ask `sequence` on."""

    kind: Kind
    sequence: int = 0
    keep: frozenset[str] = frozenset()
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def replaces(self, asker: Asker) -> bool:
        """Whether the asker asked that earlier, and does not want it any more."""
        if self.kind != "replace" or asker.sequence is None:
            return False
        return asker.sequence < self.sequence and asker.question[-NAME_CHARS:] not in self.keep

    def text(self) -> str:
        """The wish for a flag."""
        return " ".join([self.kind, self.token, str(self.sequence), *sorted(self.keep)])

    @classmethod
    def parse(cls, text: str) -> Wish:
        """The wish of a flag; text that is none stops nothing."""
        kind, token, sequence, *keep = text.split() if text.count(" ") > 1 else ("", "", "")
        if kind not in ("stop", "leave", "replace") or not sequence.isdecimal():
            return cls("replace")
        return cls(cast("Kind", kind), int(sequence), frozenset(keep), token)


def replacing(sequence: int, questions: frozenset[str]) -> Wish:
    """An asker wants these questions, from the ask `sequence` of its page on."""
    return Wish("replace", sequence, frozenset(key[-NAME_CHARS:] for key in questions))
