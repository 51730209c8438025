"""Any story of decisions, undos, redos and restarts, told to the studio and to a simple list, ends the same."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.review import history, prompt_review, search
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES

PEOPLE = st.sampled_from(["anna", "ben"])
PROMPTS = st.sampled_from([1, 2])
LABELS = st.sampled_from(["safe", "toxic", "controversial"])


class JournalStories(RuleBasedStateMachine):
    """The model: every decision ever made as (person, prompt, label), those in force, and each one's redo stack."""

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.workspace = create_workspace(self.folder / "w.orbench")
        with self.workspace.writing() as db:
            row = {"name": "s", "format": "test", "sha256": "", "imported_at": datetime.now(UTC)}
            source = inserted(db, SOURCES, row)
            intake = RecordImport(db, lambda: source, "s")
            intake.add([Record(n, PromptDraft(f"Prompt {n}?")) for n in (1, 2)])
            intake.finish()
        self.made = []
        self.done = {"anna": [], "ben": []}
        self.undone = {"anna": [], "ben": []}
        self.deeds = 0

    @rule(person=PEOPLE, prompt_id=PROMPTS, value=LABELS)
    def decide(self, person, prompt_id, value):
        prompt_review.decide(self.workspace, Decision(prompt_id, Aspect.LABEL, value), annotator=person)
        self.made.append((person, prompt_id, value))
        self.done[person].append(len(self.made) - 1)
        self.undone[person].clear()
        self.deeds += 1

    @rule(person=PEOPLE)
    def undo(self, person):
        self._reverse(prompt_review.undo, person, self.done[person], self.undone[person])

    @rule(person=PEOPLE)
    def redo(self, person):
        self._reverse(prompt_review.redo, person, self.undone[person], self.done[person])

    @rule()
    def restart(self):
        self.workspace.close()
        self.workspace = open_workspace(self.folder / "w.orbench")

    @invariant()
    def the_labels_are_what_the_list_says(self):
        for prompt_id in (1, 2):
            latest = {}
            for index in sorted([*self.done["anna"], *self.done["ben"]]):
                person, about, value = self.made[index]
                if about == prompt_id:
                    latest[person] = value
            values = set(latest.values())
            final = prompt_review.load(self.workspace, prompt_id).final
            assert final.label == (values.pop() if len(values) == 1 else None)
            [row] = search.queue_rows(self.workspace, [prompt_id])
            assert (row.final_label, row.basis) == (final.label, final.basis)

    @invariant()
    def the_journal_has_every_deed(self):
        assert len(history.entries(self.workspace)) == self.deeds

    def teardown(self):
        self.workspace.close()
        shutil.rmtree(self.folder)

    def _reverse(self, reverse, person, taken_from, put_on):
        changes = reverse(self.workspace, annotator=person)
        assert bool(changes) == bool(taken_from)
        if taken_from:
            put_on.append(taken_from.pop())
            assert changes.prompt_ids == (self.made[put_on[-1]][1],)
            self.deeds += 1


TestJournalStories = JournalStories.TestCase
TestJournalStories.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
