"""Reports: what comes from models and files stays text, in HTML and in Markdown."""

from html.parser import HTMLParser

import pytest

from orbench_studio.formats.report_documents import (
    Document,
    Grid,
    Heading,
    Paragraph,
    Picture,
    as_html,
    as_markdown,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a | b\n| c |",
    "[link](javascript:alert(1)) `code` *bold*",
    "&lt;b&gt; & \x00\x1b[31m \ud800",
    "![x](http://127.0.0.1/x.png)",
)


class Reader(HTMLParser):
    """What a browser finds: tags, texts and addresses."""

    def __init__(self):
        super().__init__()
        self.tags, self.text, self.addresses = set(), [], []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset")]

    def handle_data(self, data):
        self.text.append(data)


def document(text):
    return Document(
        text, [Heading(text), Paragraph(text), Grid((text, "n"), [(text, "1")]), Picture("p", text, b"<svg/>")]
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_text_in_html(text):
    reader = Reader()
    reader.feed(as_html(document(text)).decode())
    assert not reader.tags & {"script", "b", "a", "svg", "iframe"}
    assert len(reader.tags) == 16
    assert reader.addresses == ["data:image/svg+xml;base64,PHN2Zy8+"]
    shown = text.replace("\x00", "�").replace("\x1b", "�").replace("\ud800", "�")
    assert reader.text.count(shown) >= 5


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_text_in_markdown(text):
    for line in as_markdown(document(text)).splitlines():
        bare = line.replace("\\\\", "").replace("\\|", "").replace("\\`", "").replace("\\[", "").replace("\\<", "")
        assert "<" not in bare
        assert "`" not in bare
        assert "[" not in bare
        assert not line.startswith("|") or bare.count("|") == 3
    assert "![" not in as_markdown(document(text))


def test_figures_of_a_markdown_report_are_linked_where_they_were_written():
    assert "![Title](figures/p.png)" in as_markdown(Document("x", [Picture("p", "Title", b"")]), {"p": "figures/p.png"})
