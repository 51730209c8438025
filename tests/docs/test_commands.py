"""What the documentation shows is true: its commands run and print that, and its options, modules and links exist."""

import re
from importlib.util import find_spec

import pytest
import typer

from orbench_studio.cli.main import app
from orbench_studio.domain.curation.recipe import _KEYS as RECIPE_KEYS
from orbench_studio.domain.review.query import VALUES
from orbench_studio.domain.review.queue import Field, Order
from orbench_studio.domain.workspace.location import Server, location_of
from orbench_studio.gui.common.actions import ACTIONS
from tests.docs import pages, reference

_REFRESH = "python -m tests.docs brings it up to date"
_OPTION = re.compile(r"`(?:[a-z -]+ )?(--[a-z-]+)")
_OTHERS = {"--help", "--version", "--no-deps", "--env-file", "--kinds", "--from", "--spec", "--user"}
_KEY = re.compile(r"`(Ctrl\+[^`]+|[A-Z1-9?/]|→|Space)`")
_SIGNS = {"→": "Right", "Ctrl+Enter": "Ctrl+Return"}
_LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)(?P<file>[^)#\s]*)(?:#(?P<anchor>[^)\s]*))?\)")


def page_named(page):
    return page.relative_to(pages.ROOT).as_posix()


def pages_with(language):
    found = [page for page in pages.PAGES if any(one.language == language for one in read(page))]
    return pytest.mark.parametrize("page", found, ids=page_named)


def read(page):
    return list(pages.blocks(page.read_text(encoding="utf-8")))


@pages_with("console")
def test_the_commands_print_what_the_page_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in read(page):
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        for step in pages.steps(block.text) if block.language == "console" else ():
            shown, printed = "\n".join(step.shown), pages.run(step.command)
            assert pages.matches(shown, printed), f"{_REFRESH}\n$ {step.command}\n{printed}\n--- shown:\n{shown}"


@pages_with("sh")
def test_the_commands_exist_with_their_options(page):
    for block in read(page):
        for command in pages.shell_commands(block.text) if block.language == "sh" else ():
            assert fault(command) is None, f"{' '.join(command)}: {fault(command)}"


def fault(command):
    """Why a command of an `sh` block cannot be; None where it can, or is not ours."""
    program, *arguments = command
    if program.endswith(("python", "python3")) and arguments[:1] == ["-m"]:
        if arguments[1] == "orbench_studio":
            return fault(["orbench-studio", *arguments[2:]])
        return None if not arguments[1].startswith("tests") or find_spec(arguments[1]) else "no such module"
    if program.endswith("python3"):
        return None if (pages.ROOT / arguments[0]).exists() else "no such file"
    if program not in pages.PROGRAMS:
        return None
    group = typer.main.get_command(app)
    if arguments[0] == "--env-file":
        arguments = arguments[2:]
    if arguments[0] not in group.commands:
        is_place = isinstance(location_of(arguments[0]), Server) or arguments[0].endswith(".orbench")
        return None if arguments[0] == "--help" or (is_place and not arguments[1:]) else "no such command"
    known = {one for parameter in group.commands[arguments[0]].params for one in parameter.opts}
    used = {word.partition("=")[0] for word in arguments[1:] if word.startswith("--")}
    return next((f"no option {word}" for word in used - known - {"--help"}), None)


@pytest.mark.parametrize("name", reference.GENERATED)
def test_a_generated_page_is_current(name):
    assert (pages.DOCS / name).read_text(encoding="utf-8") == reference.GENERATED[name](), _REFRESH


@pytest.mark.parametrize("page", pages.PAGES, ids=page_named)
def test_the_options_in_the_text_exist(page):
    commands = typer.main.get_command(app).commands.values()
    known = {one for command in commands for parameter in command.params for one in parameter.opts} | _OTHERS
    assert set(_OPTION.findall(page.read_text(encoding="utf-8"))) - known == set()


@pytest.mark.parametrize("page", pages.PAGES, ids=page_named)
def test_the_keys_are_shortcuts_of_the_window(page):
    known = {key for spec in ACTIONS for key in spec.keys} | {"Ctrl+C"}  # that one is the terminal's
    named = {_SIGNS.get(key, key) for key in _KEY.findall(page.read_text(encoding="utf-8"))}
    assert named - known == set()


def test_every_condition_of_the_query_language_is_described():
    text = (pages.DOCS / "query-language.md").read_text(encoding="utf-8")
    assert [field for field in Field if field is not Field.TEXT and f"| `{field}:" not in text] == []
    values = [value for field, found in VALUES.items() if field is not Field.CATEGORY for value in found]
    assert [value for value in (*values, *Order) if f"`{value}`" not in text and f"`sort:{value}" not in text] == []


def test_every_key_of_a_recipe_is_described():
    text = (pages.DOCS / "curate.md").read_text(encoding="utf-8")
    keys = [f"`{section}.{key}`" for section, keys in RECIPE_KEYS.items() for key in keys]
    assert [key for key in keys if key not in text] == []


@pytest.mark.parametrize("page", pages.PAGES, ids=page_named)
def test_the_links_lead_somewhere(page):
    for link in _LINK.finditer(page.read_text(encoding="utf-8")):
        target = (page.parent / link["file"]).resolve() if link["file"] else page
        assert target.exists(), link[0]
        if link["anchor"]:
            assert link["anchor"] in anchors(target.read_text(encoding="utf-8")), link[0]


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pictures_are_small():
    assert [one.name for one in (pages.DOCS / "images").iterdir() if one.stat().st_size > 150_000] == []


def test_the_readme_is_short():
    assert len((pages.ROOT / "README.md").read_text(encoding="utf-8").split()) <= 1000
