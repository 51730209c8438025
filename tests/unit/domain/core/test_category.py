"""Names of categories: OR-Bench's ten however they are written, and any other as a workspace's own."""

import pytest

from orbench_studio.domain.core.category import category_name, stored_category, typed_category


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Self Harm", "self-harm"),
        ("PRIVACY", "privacy"),
        ("  Home &  Garden ", "home & garden"),
        ("Tools, sharp", "tools; sharp"),
        ("木工", "木工"),
    ],
)
def test_a_category_has_one_name(written, name):
    assert category_name(written) == stored_category(name) == name


@pytest.mark.parametrize("text", ["", " ", "none", "a\x00b", "x" * 101])
def test_not_every_text_names_a_category(text):
    with pytest.raises(ValueError, match="not a valid category"):
        category_name(text)


def test_a_typed_category_that_is_nearly_one_of_the_ten_is_a_typo():
    assert typed_category("woodwork") == "woodwork"
    with pytest.raises(ValueError, match="Did you mean deception"):
        typed_category("decepton")


def test_a_category_that_is_not_normal_is_not_stored():
    with pytest.raises(ValueError, match="not a valid category"):
        stored_category("Privacy")
