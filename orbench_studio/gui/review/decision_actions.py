"""The decisions that each action of the review page makes, with the menus and dialogs that some of them open."""

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QWidget

from orbench_studio.domain.core.annotation import Aspect, Label, Visible
from orbench_studio.domain.core.judgement import SEVERITIES, AnswerClass
from orbench_studio.domain.review.decision import Decision, PromptView, ResponseView, evidence
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.review.bulk_dialog import BulkDialog
from orbench_studio.gui.review.choice_menus import (
    CLASS_ACTIONS,
    LABEL_ACTIONS,
    ChoiceMenu,
    category_menu,
    class_menu,
    has_kinds,
    kind_menu,
    label_menu,
    reason_menu,
)
from orbench_studio.gui.review.notes import NoteDialog
from orbench_studio.gui.review.page import ReviewPage
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.session import Session


class DecisionActions:
    """Turns actions into decisions about the prompt on the screen; the page records them."""

    def __init__(self, page: ReviewPage, session: Session, recorder: DecisionRecorder) -> None:
        self._page = page
        self._session = session
        self._classified: int | None = None  # the response that got a class last
        page.bind(self._handlers() | _navigation(page, recorder) | page.reading.handlers())

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            **{name: partial(self._label, label) for label, name in LABEL_ACTIONS.items()},
            **{name: partial(self._answer, answer_class) for answer_class, name in CLASS_ACTIONS.items()},
            "next": self._page.next,
            "change_label": self._change_label,
            "change_class": self._change_class,
            "bulk": lambda: self._bulk(None),
            "skip": lambda: self._page.decide(Aspect.SKIP, "skipped"),
            "flag": self._flag,
            "category": self._category,
            "note": self._note,
            "class_kind": self._class_kind,
            "reason": self._reason,
            "evidence": self._evidence,
            "blind": self._blind,
        }

    def _label(self, of: Label) -> None:
        if len(self._page.queue.chosen()) > 1:
            self._bulk(of)
        else:
            self._page.decide(Aspect.LABEL, of)

    def _answer(self, answer_class: AnswerClass) -> None:
        """Classify the response in focus."""
        page, focused = self._page, self._page.responses.focused()
        if focused is not None and page.view is not None:
            span, response_id = page.responses.selected(), focused.response.id
            more = [evidence(page.view.prompt.id, response_id, span)] if span else []
            if page.decide(Aspect.ANSWER_CLASS, answer_class, *more, response_id=response_id):
                self._classified = response_id

    def _change_label(self) -> None:
        """Ask for another label for a prompt that the reviewer has labelled."""
        page, view = self._page, self._page.shown_view
        mine = view.last_by(self._session.annotator, Aspect.LABEL) if view else None
        if view is None or mine is None:
            page.message.emit(tr("You have not labelled this prompt yet."))
        elif page.reading.may_decide(Aspect.LABEL):
            self._open(self._ask(label_menu(page, mine), view, Aspect.LABEL), page.decisions.change)

    def _change_class(self) -> None:
        """Ask for a class for the response in focus, or for another where the reviewer has classified it."""
        page, view, focused = self._page, self._page.shown_view, self._page.responses.focused()
        mine = focused.last_by(self._session.annotator) if focused else None
        if view is None or focused is None:
            page.message.emit(tr("This prompt has no response to classify."))
        elif page.reading.may_decide(Aspect.ANSWER_CLASS):
            menu = class_menu(page, mine.value if mine else None)
            self._ask(menu, view, Aspect.ANSWER_CLASS, focused.response.id, changes=mine is not None)
            self._open(menu)

    def _open(self, menu: ChoiceMenu, button: QWidget | None = None) -> None:
        """Open a menu over the decision bar, which leaves the texts readable, at its button if that is there."""
        menu.message.connect(self._page.message)
        menu.open_over(self._page.decisions, button)

    def _ask(
        self,
        menu: ChoiceMenu,
        view: PromptView,
        aspect: Aspect,
        response_id: int | None = None,
        *,
        changes: bool = True,
    ) -> ChoiceMenu:
        """The menu, whose choice is recorded, as a change where there is an own decision."""
        visible = self._page.visible(aspect, response_id) | (frozenset({Visible.CHANGE}) if changes else frozenset())

        def change(value: str) -> None:
            decision = Decision(view.prompt.id, aspect, value, response_id)
            self._page.write(decision, seen=view.version, visible=visible, stays=True)

        menu.chosen.connect(change)
        return menu

    def _evidence(self) -> None:
        page, focused, span = self._page, self._page.responses.focused(), self._page.responses.selected()
        if focused is None or span is None:
            page.message.emit(tr("First select the words of the response that show its class, then mark them."))
        else:
            page.decide(Aspect.EVIDENCE, f"{span[0]}:{span[1]}", response_id=focused.response.id)

    def _flag(self) -> None:
        view = self._page.view
        if view is not None:
            flagged = view.last_by(self._session.annotator, Aspect.FLAG) == "on"
            self._page.decide(Aspect.FLAG, "off" if flagged else "on")

    def _blind(self) -> None:
        settings = self._session.settings
        settings.blind = not settings.blind
        self._session.save_settings()
        self._page.follow_settings()
        hidden = tr("Votes and judgements are hidden until you label the prompt.")
        self._page.message.emit(hidden if settings.blind else tr("Votes and judgements are shown."))

    def _category(self) -> None:
        page, view = self._page, self._page.shown_view
        if view is None:
            return
        menu = category_menu(page, view.category, page.own_categories)
        about, visible = view.prompt.id, page.visible(Aspect.CATEGORY)
        menu.chosen.connect(
            lambda value: page.write(Decision(about, Aspect.CATEGORY, value), seen=view.version, visible=visible)
        )
        self._open(menu)

    def _note(self) -> None:
        """Ask for a note. It conflicts with no other decision, so it is saved whatever was decided meanwhile."""
        page, view = self._page, self._page.shown_view
        if view is None:
            return
        dialog = NoteDialog(page, view.prompt.id)
        about, visible = view.prompt.id, page.visible(Aspect.NOTE)
        dialog.written.connect(lambda text: page.write(Decision(about, Aspect.NOTE, text), seen=None, visible=visible))
        page.noted.connect(dialog.finish)
        dialog.open()

    def _reason(self) -> None:
        """Ask for the reason of an answer class of the reviewer."""
        page, view = self._page, self._page.shown_view
        if view is None:
            return
        response = self._with_class(view)
        mine = response.last_by(self._session.annotator) if response else None
        if response is None or mine is None:
            page.message.emit(tr("First choose an answer class for this response, then its reason."))
            return
        decision = (view.prompt.id, Aspect.ANSWER_CLASS, mine.value, response.response.id)
        menu, visible = reason_menu(page, mine.reason), page.visible(Aspect.ANSWER_CLASS, response.response.id)
        menu.chosen.connect(
            lambda why: page.write(Decision(*decision, why), seen=view.version, visible=visible, stays=True)
        )
        self._open(menu)

    def _class_kind(self) -> None:
        """Ask for the kind of an answer class of the reviewer, or for the severity of the refusal."""
        page, view = self._page, self._page.shown_view
        response = self._with_class(view) if view else None
        mine = response.last_by(self._session.annotator) if response else None
        if view is None or response is None or mine is None:
            page.message.emit(tr("First choose an answer class for this response, then its kind or severity."))
        elif not has_kinds(AnswerClass(mine.value)):
            text = tr("Only refusals have a kind or a severity. {change} changes the class.")
            page.message.emit(text.format(change=key_text("change_class")))
        elif page.reading.may_decide(Aspect.ANSWER_CLASS):
            about = (view.prompt.id, response.response.id)
            visible = page.visible(Aspect.ANSWER_CLASS, about[1])

            def write(value: str) -> None:
                aspect = Aspect.SEVERITY if value in SEVERITIES else Aspect.ANSWER_CLASS
                more = frozenset({Visible.CHANGE}) if aspect is Aspect.ANSWER_CLASS else frozenset()
                decision = Decision(about[0], aspect, value, about[1])
                page.write(decision, seen=view.version, visible=visible | more, stays=True)

            severity = response.severity(self._session.annotator)
            menu = kind_menu(page, response.response.model, AnswerClass(mine.value), severity)
            menu.chosen.connect(write)
            self._open(menu)

    def _with_class(self, view: PromptView) -> ResponseView | None:
        """The response in focus if the reviewer classified it, else the last one that they classified."""
        focused = self._page.responses.focused()
        if focused is not None and focused.last_by(self._session.annotator) is not None:
            return focused
        return next((one for one in view.responses if one.response.id == self._classified), None)

    def _bulk(self, label: Label | None) -> None:
        """Open the bulk dialog for the selected prompts, or for the whole queue if only one is selected."""
        page = self._page
        if page.shown_view is not None:
            chosen, queue = page.queue.chosen(), page.model.ids()
            machines = frozenset() if self._session.settings.blind else frozenset({Visible.VOTES, Visible.JUDGEMENTS})
            dialog = BulkDialog(
                page,
                self._session,
                {"chosen": chosen, "queue": tuple(queue)} if len(chosen) > 1 else {"queue": tuple(queue)},
                wanted=label,
                visible=machines | page.finder.current.reveals,
                shown_as=page.model.shown_as,
            )
            dialog.message.connect(page.stated)
            dialog.open()


def _navigation(page: ReviewPage, recorder: DecisionRecorder) -> dict[str, Callable[[], object]]:
    return {
        "undo": lambda: page.reverse(partial(recorder.reverse, redo=False)),
        "redo": lambda: page.reverse(partial(recorder.reverse, redo=True)),
        "next_prompt": lambda: page.step(1),
        "previous_prompt": lambda: page.step(-1),
        "first_undecided": page.go_first_undecided,
        "next_response": lambda: page.responses.step(1),
        "previous_response": lambda: page.responses.step(-1),
        "read_response": page.responses.read,
        "show_source": page.responses.readings.toggle_source,
        "response_down": lambda: page.panes.texts.scroll_by(1),
        "response_up": lambda: page.panes.texts.scroll_by(-1),
        "queue": page.queue.setFocus,
        "seed": page.prompt.toggle_seed,
        "explanations": page.votes.toggle_explanations,
        "search": page.finder.search,
        "clear_filter": page.finder.clear,
        "views": page.finder.views.open,
        "save_view": page.finder.views.save,
        "toggle_queue": page.panes.toggle_queue,
        "toggle_side": page.panes.toggle_side,
    }
