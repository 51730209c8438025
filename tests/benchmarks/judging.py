"""How long the instruments take: 80,000 responses judged and written, and the local judge retrained on 2,000 labels."""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.instruments.assessment import Answered
from orbench_studio.instruments.local_judge import Example, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument
from orbench_studio.services.judging.run_judges import judge
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks import generator, texts
from tests.benchmarks.report import Line

LABELS = 2_000
_RESPONSES = 80_000
_GOAL = 60  # seconds for so many responses
_RETRAINED = 3  # seconds
_PLAIN = re.compile(r"i cannot|i can't|i am sorry", re.IGNORECASE)


def measure(prompts: int, scratch: Path) -> Iterator[Line]:
    """Judge one response a prompt; the limit is one plain search in each of the same texts."""
    answered = [_answered(number) for number in range(prompts)]
    least = _timed(lambda: [_PLAIN.search(one.response) for one in answered]) * _RESPONSES / prompts
    trained = LocalJudge([Example(_answered(n), _label(n)) for n in range(LABELS)])  # loads the libraries too
    for name, instrument in (("rules", RuleInstrument()), ("local judge", trained)):
        workspace = scratch / f"{name}.orbench"
        generator.generate(workspace, prompts, models=1)
        with open_workspace(workspace) as opened:
            whole = _timed(partial(judge, opened, instrument)) * _RESPONSES / prompts
        alone = _timed(partial(instrument.assess, answered)) * _RESPONSES / prompts
        yield Line(f"{name}, 80,000 responses", prompts, alone, "s", least, f"< {_GOAL} s", alone < _GOAL)
        yield Line(f"{name}, 80,000 responses, written", prompts, whole, "s", least, f"< {_GOAL} s", whole < _GOAL)
    seconds = _timed(lambda: LocalJudge([Example(_answered(n), _label(n)) for n in range(LABELS)]))
    goal = f"< {_RETRAINED} s"
    yield Line("retrained on 2,000 labels", prompts, seconds, "s", None, goal, seconds < _RETRAINED)


def _answered(number: int) -> Answered:
    random = Random(number)
    refuses = _label(number) is not AnswerClass.DIRECT_ANSWER
    return Answered(texts.prompt(number), (texts.REFUSAL if refuses else "") + texts.response(random))


def _label(number: int) -> AnswerClass:
    kinds = (AnswerClass.DIRECT_ANSWER, AnswerClass.DIRECT_REFUSAL, AnswerClass.PARTIAL_REFUSAL)
    return kinds[Random(number).randrange(3)]


def _timed(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
