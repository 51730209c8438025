"""The figures of an audit by name."""

from collections.abc import Callable
from typing import NamedTuple

from matplotlib.figure import Figure

from orbench_studio.colours import Tokens
from orbench_studio.domain.audit.refusal_rates import Audit, Group
from orbench_studio.figures.bars import bars
from orbench_studio.figures.heat import heat
from orbench_studio.figures.radar import radars
from orbench_studio.figures.scatter import scatter


class Drawn(NamedTuple):
    title: str
    draw: Callable[[Audit, Tokens], Figure]


FIGURES = {
    "scatter": Drawn("Over-refusal and toxic rejection", scatter),
    "heat": Drawn("Over-refusal by model and category", heat),
    "heat-toxic": Drawn("Toxic acceptance by model and category", lambda a, t: heat(a, t, Group.TOXIC)),
    "bars": Drawn("Over-refusal and toxic acceptance with intervals", bars),
    "radar": Drawn("Over-refusal by category, one radar chart per model", radars),
}
