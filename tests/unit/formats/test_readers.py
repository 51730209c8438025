"""A file's format is recognised by its header, most specific first; what does not fit is refused with reasons."""

import pytest

from orbench_studio.domain.data.export_columns import PROMPT
from orbench_studio.formats import inspect_log
from orbench_studio.formats.readers import readers, recognise

HEADERS = {
    "studio": ",".join(PROMPT),
    "inspect-log": ",".join(inspect_log.COLUMNS),
    "label-studio": "id,data,annotations,predictions",
    "argilla": "id,fields,metadata,suggestions,responses,vectors",
    "orbench-prompts": "prompt,category",
    "orbench-rewrites": "prompt,toxic_seed,category",
    "orbench-moderation": "prompt,response,category,is_toxic,moderation_result",
    "orbench-moderation-failed": "prompt,error_message",
    "orbench-alignment": "is_rejected,response,prompt,category",
    "orbench-failed": "prompt,error",
    "orbench-response-check": "prompt,answer_category,answer_type_response,response,category",
    "xstest-prompts": "id,prompt,type,label,focus,note",
    "xstest-completions": "id,type,prompt,completion,annotation_1",
}


def test_names_are_unique():
    assert len({reader.name for reader in readers()}) == len(readers())


@pytest.mark.parametrize("reader", [reader for reader in readers() if reader.required], ids=lambda reader: reader.name)
def test_every_format_is_recognised_by_its_columns(reader):
    columns = [column.replace("*", "label") for column in reader.required]
    assert recognise(columns) == reader


@pytest.mark.parametrize(("name", "header"), HEADERS.items())
def test_recognised(name, header):
    assert recognise(header.split(",")).name == name


@pytest.mark.parametrize(
    "header",
    [
        "prompt,category,response,model",
        "prompt,error,response,model",
        "id,type,prompt,completion,model",
        "time,error_message,level",
        "question,topic",
    ],
)
def test_usual_names_beside_others_are_left_to_a_mapping(header):
    assert recognise(header.split(",")) is None


@pytest.mark.parametrize("header", ["prompt,category,label", "prompt,seed,category", "prompt,response", "a,b"])
def test_an_unknown_header_is_refused_with_its_columns(refused, header):
    content = f"{header}\n{','.join('x' for _ in header.split(','))}\n"
    assert refused("x.csv", content) == f"x.csv: format not recognised. Its columns are {header.replace(',', ', ')}."


def test_a_missing_column_is_named(refused):
    assert refused("x.csv", "prompt,category\nA,hate\n", format_name="orbench-rewrites") == (
        "x.csv: orbench-rewrites needs the column toxic_seed; the file has prompt, category. "
        "It looks like orbench-prompts."
    )
    text = refused("x.csv", "a,b\nA,hate\n", format_name="orbench-prompts")
    assert text.endswith(
        "needs the columns prompt, category; the file has a, b. Choose another --format or add the column."
    )


def test_a_format_may_be_forced_on_a_table_with_more_columns(take):
    assert len(take("x.csv", "prompt,category,note\nA,hate,n\n", format_name="orbench-prompts")) == 1


def test_an_unknown_format_is_refused(refused):
    assert "there is no format 'xml'. Choose one of: studio, inspect-log" in refused(
        "x.csv", "prompt,category\nA,hate\n", format_name="xml"
    )
