"""The built-in judges run on the responses of a filter."""

from orbench_studio.domain.review.query import parse
from tests.gui.judging.test_judges_page import finals, question


def test_the_responses_in_view_are_judged_alone(start, unlabelled):
    with start(unlabelled) as studio:
        studio.page.finder.bar.ask(parse("category:deception id:1-9"))
        for shown, verbs in (6, ["Judge 6 responses in view", "Judge all 240"]), (0, ["Judge all 234"]):
            studio.window.actions_table["judge_rules"].trigger()
            studio.wait(lambda: question(studio) is not None)
            text = f"{shown} responses to the prompts in the current filter are not judged by studio-rules."
            assert question(studio).text().startswith(text)
            assert [button.text() for button in question(studio).buttons()] == [*verbs, "Cancel"]
            question(studio).buttons()[0 if shown else -1].click()
            studio.wait(lambda: not studio.window.judging.busy and len(finals(unlabelled)) == 3)
        assert set(finals(unlabelled)) == {1, 4, 7}
