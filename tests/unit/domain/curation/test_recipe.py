"""Recipes: what they say, and what is said of a text that is none, with the line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.curation import recipe as module
from orbench_studio.domain.curation.recipe import (
    By,
    Preference,
    Recipe,
    RecipeError,
    Short,
    Spread,
    read_recipe,
)
from orbench_studio.domain.review.query import parse
from orbench_studio.services.curation.run_recipe import default_recipes

WHOLE = module.__doc__.partition("\n\n")[2]


def test_the_recipe_of_the_manual_is_one():
    found = read_recipe(WHOLE)
    assert (found.seed, found.label, found.by, found.p_safe) == (1, Label.SAFE, By.HUMAN, 0.9)
    assert found.terms == parse("-has:flag").terms
    assert (found.families, found.of, found.judgement) == (2, ("gpt", "claude"), "counts")
    assert (found.prompts, found.spread, found.short) == (1000, Spread.EQUAL, Short.FEWER)
    assert (found.per_seed, found.per_group, found.order) == (2, 1, (Preference.HUMAN, Preference.FAMILIES))
    assert found.text == WHOLE


def test_an_empty_text_takes_every_safe_prompt():
    assert read_recipe("") == Recipe("")


def test_places_by_category_make_the_size():
    found = read_recipe("[size.categories]\nPrivacy = 10\n'self harm' = 5\nnone = 1")
    assert (found.given, found.prompts) == ({"privacy": 10, "self-harm": 5, "none": 1}, 16)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[size]\nprompts = ", 2, "this is not TOML"),
        ("[size]\nprompts = 10\n[size]\n", 3, "this is not TOML"),
        ("sead = 3", 1, "Did you mean “seed”"),
        ("seed = -1", 1, "from 0 on"),
        ("\n[qualfy]\nlabel = 'safe'", 2, "Did you mean “qualify”"),
        ("qualify = 3", 1, "[qualify] is a section: it has label, by, p_safe, filter"),
        ("[qualify]\nlabel = 'safe'\nlabels = 'safe'", 3, "Did you mean “label”"),
        ("[qualify]\nlabel = 'harmless'", 2, "“harmless” is none of safe, toxic, controversial"),
        ("[qualify]\np_safe = 2", 2, "between 0 and 1"),
        ("[qualify]\nby = 3", 2, "3 is none of human, consensus, any"),
        ("[qualify]\n\n# more\nfilter = 'category:privcy'", 4, "“privcy” is no category"),
        ("[qualify]\nfilter = 'sort:refusals'", 2, "its own order"),
        ("[qualify]\nfilter = 7", 2, "a text in quotes"),
        ("[refused]\nfamilies = 0", 2, "from 1 on"),
        ("[refused]\nfamilies = true", 2, "from 1 on"),
        ("[refused]\nof = ['gpt']", 2, "does not say how many"),
        ("[refused]\nfamilies = 3\nof = ['gpt', 'GPT']", 2, "3 families cannot refuse where of names 1"),
        ("[refused]\nof = 'gpt'", 2, "a list of words"),
        ("[refused]\njudgement = ''", 2, "a word in quotes"),
        ("[size]\ncategories = 'equal'", 2, "prompts does not say of how many"),
        ("[size]\ncategories = { privcy = 3 }", 2, "no category “privcy”"),
        ("[size]\ncategories = {}", 2, "no category is given"),
        ("[size]\nprompts = 9\ncategories = { privacy = 3 }", 2, "make 3 prompts, not 9"),
        ("[size]\nshort = 'fill it'", 2, "none of stop, fewer, fill"),
        ("[diversity]\nper_seed = 1.5", 2, "a whole number"),
        ("[prefer]\norder = ['human', 'longest']", 2, "“longest” is none of human, families"),
        ("[prefer]\norder = 'human'", 2, "a list is wanted"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, line, message):
    with pytest.raises(RecipeError) as caught:
        read_recipe(text)
    assert message in str(caught.value)
    assert caught.value.line == line
    assert str(caught.value).endswith((".", "?"))


@given(st.text())
def test_any_text_is_a_recipe_or_says_why_not(text):
    try:
        assert read_recipe(text).text == text
    except RecipeError as error:
        assert str(error)


def test_the_recipes_that_come_with_the_studio_can_be_read():
    found = {name: read_recipe(text) for name, text in default_recipes().items()}
    assert (found["hard"].families, found["hard"].label, found["hard"].prompts) == (3, Label.SAFE, None)
    assert found["hard-confirmed"].by is By.HUMAN
