"""Reports: texts of models and files stay text, in HTML and in Markdown."""

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt

from orbench_studio.formats.report_documents import Document, Figure, Heading, Paragraph, Table, as_html, as_markdown

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title></style></td></table><script>alert(1)</script>",
    "\" onload=alert(1) '",
    "a | b\n| c |",
    "a\\| b\\",
    "[link](javascript:alert(1)) `code` *bold* _it_ ~~no~~",
    "&lt;b&gt; & \x00\x1b[31m \ud800",
    "![x](http://127.0.0.1/x.png)",
    "see https://127.0.0.1/x and <https://127.0.0.1/>",
    "{{ document }} {% raw %} {# no #}",
    "# heading",
    "1. one\n2) two\n- three\n+ four\n> five",
    "    indented\n\n\tcode\n\n```\nfence\n```",
    "title\n===\n\n---\n***",
    "[x]: http://127.0.0.1 'definition'",
    "$co_1$ and $$x^2$$",
)


class Reader(HTMLParser):
    """What a browser finds: tags, texts and addresses."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text, self.addresses, self.attributes = set(), [], [], set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset")]

    def handle_data(self, data):
        self.text.append(data)


def document(text):
    return Document(
        text, [Heading(text), Paragraph(text), Table((text, "n"), [(text, "1")]), Figure("p", text, b"<svg/>")]
    )


def shown(text):
    """The text with what no page may contain replaced."""
    return text.replace("\x00", "�").replace("\x1b", "�").replace("\ud800", "�")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_html(text):
    page = Reader(as_html(document(text)).decode())
    harmless = Reader(as_html(document("text")).decode())
    assert (page.tags, page.attributes) == (harmless.tags, harmless.attributes)
    assert not page.tags & {"script", "b", "a", "svg", "iframe"}
    assert page.addresses == ["data:image/svg+xml;base64,PHN2Zy8+"]
    assert page.text.count(shown(text)) >= 5


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_markdown(text):
    source = as_markdown(document(text), {"p": "figures/p.png"})
    page = Reader(MarkdownIt("gfm-like", {"linkify": False}).render(source))
    assert page.tags == {"h1", "h2", "p", "table", "thead", "tr", "th", "tbody", "td", "img"}
    assert page.addresses == ["figures/p.png"]
    assert page.text.count(" ".join(shown(text).split())) == 5
    assert not re.search(r"(?<!\\)(://|\$)", source), "neither links nor formulas"


@pytest.mark.parametrize("render", [as_html, as_markdown])
def test_numbers_are_aligned_to_the_right(render):
    table = Table(("Model", "n", "Rate"), [("north", "3", "1")])
    page = render(Document("x", [table]))
    page = page.decode() if isinstance(page, bytes) else page
    assert '<td class="text">north</td><td>3</td><td>1</td>' in page or "| --- | ---: | ---: |" in page


def test_saved_figures_are_linked_in_markdown():
    figure = Document("x", [Figure("p", "Title", b"")])
    assert "![Title](figures/p.png)" in as_markdown(figure, {"p": "figures/p.png"})
    assert "![Title](my%20figures%29/p.png)" in as_markdown(figure, {"p": "my figures)/p.png"})
    assert "![" not in as_markdown(figure)
