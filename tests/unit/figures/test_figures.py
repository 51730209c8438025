"""Figures: the published numbers, labels that do not overlap, names that are not formulas, every format."""

from dataclasses import replace
from itertools import combinations

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from orbench_studio.colours import DARK, LIGHT, contrast, shade
from orbench_studio.domain.audit.refusal_rates import Audit, AuditOptions, Group
from orbench_studio.domain.core.rates import Coefficient, Rate
from orbench_studio.figures import look
from orbench_studio.figures.bars import bars
from orbench_studio.figures.heat import heat
from orbench_studio.figures.radar import radars
from orbench_studio.figures.scatter import published, quadratic, rho, scatter
from tests.tallies import tally

CATEGORIES = ("privacy", "illegal", "violence", "none")
UGLY = ("$x_1$ and $y$", "a\nb\tc", "模型-甲", "مدل", "x" * 300, "<b>&amp;", "\\frac{1}{2}", "👩‍👩‍👧‍👦", "")
SIGNS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def audit(models=("north", "south", "east"), categories=CATEGORIES, toxic=True):
    """Made up: the more refusals the later the model and the category."""
    cells = {}
    for at, model in enumerate(models, 1):
        for place, category in enumerate(categories, 1):
            refused = 40 * at * place // (len(models) * len(categories))
            cells[Group.SAFE, model, category] = tally(
                direct_answer=40 - refused, direct_refusal=refused, unparsed=3, unjudged=at
            )
            if toxic:
                cells[Group.TOXIC, model, category] = tally(direct_answer=40 - refused, partial_refusal=refused)
    prompts = {(group, c): 44 for group in (Group.SAFE, Group.TOXIC)[: 1 + toxic] for c in categories}
    return Audit(AuditOptions(), tuple(models), tuple(categories), cells, prompts, {}, Rate(0, 40))


def every(found, tokens):
    return [scatter(found, tokens), heat(found, tokens), heat(found, tokens, Group.TOXIC), bars(found, tokens),
            radars(found, tokens)]  # fmt: skip


def points(models):
    return [(one.over_refusal, one.toxic_rejection) for one in models]


def test_published_models_reproduce_the_published_correlation_and_curve():
    assert len(published()) == 32
    found = rho(points(published()))
    assert found.value == pytest.approx(0.893, abs=0.0005)
    assert found.interval == pytest.approx((0.7651, 0.9535), abs=0.0001), "Fisher's z with Bonett and Wright's variance"
    # by scipy and numpy outside the project, in per cent: -0.002246 x² + 0.4696 x + 75.24
    assert quadratic(points(published())) == pytest.approx((-0.22456, 0.46958, 0.75241), abs=0.00005)


def test_few_models_have_no_correlation():
    assert rho(points(published()[:3])).value is None
    assert rho([(0.5, 0.5)] * 5) == Coefficient(None, None, 5)


@pytest.mark.parametrize(("kind", "tokens"), [("png", DARK), ("svg", LIGHT), ("pdf", DARK)])
def test_every_figure_can_be_written(kind, tokens):
    for figure in every(audit(), tokens)[:: 1 if kind == "png" else 4]:
        assert look.rendered(figure, tokens, kind).startswith(SIGNS[kind])


def test_figures_are_reproducible_byte_for_byte():
    one, other = (look.rendered(heat(audit(), LIGHT), LIGHT, "svg") for _ in range(2))
    assert one == other


def test_names_are_drawn_literally():
    for figure in (scatter(audit(UGLY), LIGHT), heat(audit(UGLY), LIGHT)):
        assert look.rendered(figure, LIGHT, "svg")
    assert look.plain("$x$\ny") == r"\$x\$ y"
    assert len(look.plain("x" * 300)) == 28


def test_figures_say_that_the_judge_has_no_licence():
    found = replace(audit(), unlicensed={"rules (rule)": "not tested"})
    for figure in every(found, LIGHT):
        assert any("have not passed a test: rules (rule)" in " ".join(one.get_text().split()) for one in figure.texts)


def test_an_empty_audit_still_gives_figures():
    assert len(every(audit((), ()), LIGHT)) == 5
    assert [len(figure.axes) for figure in every(audit(toxic=False), LIGHT)] == [1, 1, 1, 1, 3]


@pytest.mark.parametrize("own", [3, 30])
def test_labels_do_not_overlap(own):
    figure = scatter(audit([f"model-number-{n}" for n in range(own)]), LIGHT)
    axes = figure.axes[0]
    names = {one.model for one in published()} | {f"model-number-{n}" for n in range(own)}
    written = [text for text in axes.texts if text.get_text() in names]
    assert {text.get_text() for text in written} == names
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in written]
    frame = axes.get_window_extent(renderer).padded(1)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert all(frame.contains(box.x0, box.y0) and frame.contains(box.x1, box.y1) for box in boxes)


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_text_on_every_shade_is_readable_and_lightness_is_monotonic(tokens):
    shades = [shade(tokens, step / 20) for step in range(21)]
    assert all(contrast(tokens.ink, one) >= 4.5 for one in shades)
    against = [contrast(tokens.panel, one) for one in shades]
    assert against == sorted(against)
    assert against[-1] > 2


def test_excluded_responses_extend_the_line_behind_a_bar():
    figure = bars(audit(["north"], ["privacy"]), LIGHT)
    spans = [tuple(line.get_xdata()) for line in figure.axes[0].lines]
    tally = audit(["north"], ["privacy"]).tally(Group.SAFE, "north")
    assert tuple(100 * edge for edge in tally.bounds(Group.SAFE)) in spans
