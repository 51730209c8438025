"""Prompts that differ only in white space, quotation marks or dashes: copies of one prompt, as programs spoil them."""

import re
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, or_, select

from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.formats.records import PromptDraft
from orbench_studio.store.core.tables import PROMPTS
from orbench_studio.store.data import known_records
from orbench_studio.store.data.known_records import KnownPrompt

_PLAIN = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " ", "\u2013": "-", "\u2014": "-"}
)
_SPACE = re.compile(r"\s+")
_ODD = (
    " %",
    "% ",
    "%  %",
    "%\n%",
    "%\t%",
    "%\r%",
    "%\u2018%",
    "%\u2019%",
    "%\u201c%",
    "%\u201d%",
    "%\u00a0%",
    "%\u2013%",
    "%\u2014%",
)


def normal(text: str) -> str:
    """The text with single spaces and plain quotation marks and dashes."""
    return _SPACE.sub(" ", text.translate(_PLAIN)).strip()


class NearPrompts:
    """Finds, for new prompts, the prompt of the workspace that has the same normal text.

    Only prompts whose text is not normal are remembered: another is found by the identity of its text.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._odd: dict[bytes, bytes] | None = None

    def twins(
        self,
        drafts: Sequence[PromptDraft],
        identities: Sequence[bytes],
        by_identity: dict[bytes, KnownPrompt],
        by_key: Mapping[str, KnownPrompt],
    ) -> dict[bytes, bytes]:
        """Map the identity of each new text to that of an earlier prompt with the same normal text, if there is one.

        Prompts of the workspace are added to `by_identity`; another one may be among the drafts.
        """
        new = {
            identity: text_identity(normal(draft.text))
            for draft, identity in zip(drafts, identities, strict=True)
            if identity not in by_identity and (draft.external_key or "") not in by_key
        }
        if not new:
            return {}
        if self._odd is None:
            self._odd = self._read()
        earlier = {
            self._odd.get(plain, plain) for identity, plain in new.items() if plain != identity or plain in self._odd
        }
        known, _ = known_records.prompts(self._db, earlier - by_identity.keys(), set())
        by_identity.update(known)
        twins: dict[bytes, bytes] = {}
        firsts: dict[bytes, bytes] = {}  # whose text is normal
        for identity, plain in new.items():
            first = self._odd.get(plain) or firsts.get(plain) or (plain if plain in by_identity else None)
            if first is None:
                (firsts if identity == plain else self._odd)[plain] = identity
            else:
                twins[identity] = first
        return twins

    def _read(self) -> dict[bytes, bytes]:
        p = PROMPTS.c
        odd = select(p.text, p.identity).where(or_(*(p.text.like(pattern) for pattern in _ODD)))
        return {text_identity(normal(text)): identity for text, identity in self._db.execute(odd)}
