"""Fuzzy matching of typed letters against titles."""

import re

_WORD_START, _INITIALS, _INSIDE, _SCATTERED = 300, 250, 200, 100


def match_score(query: str, text: str) -> int | None:
    """Rate how well a text matches a query, higher is better; None if a word of the query does not match.

    Each word matches as it is written, or as letters that occur in its order, such as the initials of words.
    """
    text = text.casefold()
    score = -len(text)
    for word in query.casefold().split():
        letters = re.search(".*?".join(map(re.escape, word)), text)
        if letters is None:
            return None
        if at := re.search(rf"(?<!\w){re.escape(word)}", text):
            score += _WORD_START - at.start()
        elif at := re.search(r"\b" + r"\w*\W+".join(map(re.escape, word)), text):
            score += _INITIALS - at.start()
        elif word in text:
            score += _INSIDE - text.index(word)
        else:
            score += _SCATTERED - (letters.end() - letters.start())
    return score
