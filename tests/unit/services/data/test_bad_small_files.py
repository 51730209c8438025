"""Whatever stands in a manifest, a label file, prices, a recipe or a text, it is taken or refused with a sentence."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbench_studio.domain.curation.recipe import RecipeError, read_recipe
from orbench_studio.errors import StudioError
from orbench_studio.formats import label_file
from orbench_studio.formats.mapping import ColumnMapping
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.curation import run_recipe
from orbench_studio.services.data import label_files
from orbench_studio.services.data.export_files import Export, Form, export
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.prices import read_prices
from orbench_studio.services.review import guidelines
from tests.horrors import as_json, damaged, spoiled
from tests.reader_samples import SAMPLES

DEEP = 100_000
PRICES = {"dated": "2026-11-21", "usd_per_million_tokens": {"a/b": {"input": 1.5, "output": 2, "batch": 0.5}}}
READ = ("format", "version", "files", "sources", "guidelines", "subsets")


def tried(read, *accepted):
    """Whether it is read; False where it is refused with a sentence."""
    try:
        read()
    except (StudioError, *accepted) as error:
        assert 10 < len(str(error)) < 600 and str(error).isprintable(), str(error)
        return False
    return True


def all_tried(path, contents, read):
    """How many were read, and how many refused."""
    found = []
    for content in contents:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        found.append(tried(lambda: read(path)))
    return found.count(True), found.count(False)


@pytest.fixture
def exported(workspace, tmp_path):
    """A folder with an export of the studio's own form, and a label file."""
    source = tmp_path / "export.jsonl"
    source.write_text(as_json(SAMPLES["studio"][1]), encoding="utf-8")
    import_file(workspace, source, ReadOptions())
    guidelines.write(workspace, "Be kind.")
    export(workspace, Export(Form.JSONL, tmp_path / "out", names=True))
    label_files.export_labels(workspace, tmp_path / "labels.jsonl")
    return tmp_path / "out"


def test_any_manifest_is_taken_or_explained(workspace, exported):
    path = exported / "manifest.json"
    whole = path.read_bytes()
    message = {name: value for name, value in json.loads(whole).items() if name in READ}
    message["subsets"] = [
        {"name": "s", "recipe": "", "created_at": "2026-01-02T03:04:05.000006Z", "state": "{}", "prompts": ["0a"]}
    ]
    assert tried(lambda: import_file(workspace, path, ReadOptions()))
    contents = [*map(as_json, spoiled(message)), *damaged(whole, step=len(whole) // 8)]
    read, refused = all_tried(path, contents, lambda file: import_file(workspace, file, ReadOptions()))
    assert read and refused > 100


def test_any_label_file_is_merged_or_explained(workspace, exported, tmp_path):
    path = tmp_path / "labels.jsonl"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    contents = [f"{bad}\n{lines[0]}\n" for bad in map(as_json, spoiled(json.loads(head)))]
    contents += [f"{head}\n{bad}\n" for line in lines for bad in map(as_json, spoiled(json.loads(line)))]
    read, refused = all_tried(path, contents, lambda file: label_files.merge(workspace, [file]))
    assert read and refused > 100


def test_a_deed_may_decide_very_many_prompts(exported, tmp_path):
    path = tmp_path / "labels.jsonl"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    deed = next(one for one in map(json.loads, lines) if "decisions" in one)
    path.write_text(f"{head}\n{json.dumps({**deed, 'decisions': deed['decisions'] * 40_000})}\n", encoding="utf-8")
    assert [len(found) for found in label_file.read(path)] == [40_000]


def test_any_prices_are_read_or_explained(tmp_path):
    contents = [*map(as_json, spoiled(PRICES)), *damaged(as_json(PRICES).encode())]
    read, refused = all_tried(tmp_path / "prices.json", contents, read_prices)
    assert read and refused > 50


@pytest.mark.parametrize("name", sorted(run_recipe.default_recipes()))
def test_any_damage_to_a_recipe_is_explained(tmp_path, name):
    content = run_recipe.default_recipes()[name].encode()
    read, refused = all_tried(tmp_path / "r.toml", damaged(content), run_recipe.recipe_in)
    assert read and refused


@pytest.mark.parametrize("value", ["[" * DEEP, "[" * DEEP + "]" * DEEP, "{a=" * DEEP, "{a=" * DEEP + "1" + "}" * DEEP,
                                   "1" * 5000, "1e400", "nan", '"\\ud800"', "[[[]]]", "{}", "1979-05-27"])  # fmt: skip
@pytest.mark.parametrize("key", ["seed", "qualify", "qualify.label", "qualify.p_safe", "refused.of", "size.categories",
                                 "size.prompts", "prefer.order", "diversity.per_seed", "other"])  # fmt: skip
def test_any_value_in_a_recipe_is_read_or_explained(key, value):
    tried(lambda: read_recipe(f"{key} = {value}"), RecipeError)


MANY = ".".join("a" * DEEP)


@pytest.mark.parametrize(
    "text",
    [f"{MANY} = 1", f"[{MANY}]", f"x = {{{MANY} = 1}}", "a = 1\n" * DEEP, '"a" . ' * DEEP, "a" * DEEP, "# " * DEEP],
    ids=range(7),
)
def test_a_recipe_of_many_parts_is_explained_at_once(text):
    begun = time.process_time()
    tried(lambda: read_recipe(text), RecipeError)
    assert time.process_time() - begun < 2


@given(st.text())
def test_any_text_is_a_recipe_or_explained(text):
    try:
        read_recipe(text)
    except RecipeError as error:
        assert str(error)


@pytest.mark.parametrize(
    "text", ["[" * DEEP, "{}", "[]", "null", '{"columns": [], "values": 1}', '{"columns": {"a": 1}}']
)
def test_a_remembered_mapping_that_is_none_is_a_value_error(text):
    with pytest.raises(ValueError):
        ColumnMapping.from_json(text)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\0b", b"a" * 2_000_000])
@pytest.mark.parametrize("read", [batch_control.read_text, guidelines.text_of, run_recipe.recipe_in, read_prices,
                                  lambda file: templates.load(TemplateName.JUDGING, file)])  # fmt: skip
def test_a_text_that_is_none_is_explained(tmp_path, read, content):
    file = tmp_path / "text.txt"
    file.write_bytes(content)
    with pytest.raises(StudioError, match=r"text\.txt"):
        read(file)
    with pytest.raises(StudioError, match="nowhere"):
        read(tmp_path / "nowhere")
    with pytest.raises(StudioError, match=r"."):
        read(tmp_path)


@pytest.mark.parametrize("name", ["n" * 5000 + ".csv", "a\0b.csv", "\udcff.csv"])
def test_a_name_that_no_file_can_have_is_explained(workspace, tmp_path, name):
    with pytest.raises(StudioError):
        import_file(workspace, tmp_path / name, ReadOptions())
    with pytest.raises(StudioError):
        run_recipe.recipe_in(tmp_path / name)
