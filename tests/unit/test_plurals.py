"""No text says "1 prompts": next to each text with a number before a noun there is a form for one."""

import ast
import re
from pathlib import Path

import orbench_studio

PACKAGE = Path(orbench_studio.__file__).parent
NO_COUNT = "key|undo|skip|down|change|label|reason|field|judged|what|cells|compared|least|expected"
COUNTED = re.compile(rf"\{{(?!{NO_COUNT})\w+\}} (?:[a-z-]+ ){{0,2}}[a-z]{{2,}}s\b")
VERBS = re.compile(r" (?:is|was|has|this|its|indicates|yours|times)\b")
NEVER_ONE = {  # the number is never one, or has decimals
    "Showing the first {count} prompts of this cell.",
    "{description}: showing the first {shown} of {total} prompts.",
    "First {shown} of {total} prompts",
    "Not saved: the note has {count} characters. The limit is {limit}.",
    "{count} days of work",
    "{prompts} with {labels} of {overlap} labels",
    "{count} prompts",
    "{file}, {count} rows (lines {lines}): {text}",
    "Review the {count} labels that are most likely wrong (about {expected} of them are expected to be wrong)",
}


def test_texts_of_the_window_have_a_form_for_one():
    wrong = []
    for path in sorted((PACKAGE / "gui").rglob("*.py")):
        nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
        texts = {node.value: node.lineno for node in nodes if isinstance(node.value, str)}
        for text in texts.keys() - NEVER_ONE:
            found = COUNTED.search(text)
            if found and not VERBS.search(found[0]) and not _has_form_for_one(text, found.start(), texts):
                wrong.append(f"{path.relative_to(PACKAGE)}:{texts[text]}: {text}")
    assert not wrong, "use `plural(count, one, many)`, or `Prompts: {count}`:\n" + "\n".join(wrong)


def _has_form_for_one(text, place, texts):
    return any(other.startswith(f"{text[:place]}1 ") for other in texts)
