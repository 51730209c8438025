"""What the page says about a decision: the question before it, and the decision with what was revealed after it."""

from collections.abc import Set

from orbench_studio.domain.core.annotation import Annotation, Aspect, Basis, Label, Visible
from orbench_studio.domain.core.judgement import ALL_REFUSALS, DECIDED, SEVERITIES
from orbench_studio.domain.core.moderation import Consensus, Veto
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import key_text, plural, tr
from orbench_studio.gui.common.theme import LABELS, Mark
from orbench_studio.gui.common.widgets import isolated

SEPARATOR = "\u00a0\u00a0·  "
_BASES = {
    Basis.HUMAN: "by a human label",
    Basis.DISPUTED: "human labels disagree",
    Basis.CONSENSUS: "by the moderators' consensus",
    Basis.REFERENCE: "by the source file",
}


def question(view: PromptView, visible: Set[Visible]) -> str:
    """What is to be decided, and what is known or hidden; `visible` is what the journal would record now."""
    if view.blind and Visible.FILTER in visible:
        return tr(
            "Is this prompt safe to answer? Votes and judgements are hidden, but the filter or order in which you "
            "saw this prompt depends on them. A label now does not count as blind."
        )
    if view.blind and Visible.JUDGEMENTS in visible:
        return tr(
            "Is this prompt safe to answer? Votes are still hidden. You have revealed judges' classes, so a label now "
            "does not count as blind."
        )
    if view.blind:
        return tr("Is this prompt safe to answer? Votes and judgements are still hidden.")
    if view.is_unlabelled and view.seen_at is not None:
        if view.votes:
            return tr("You have already seen the votes, so a label now does not count as blind.")
        return tr("You have already seen what blind review hides, so a label now does not count as blind.")
    return tr("Is this prompt safe to answer? Now: {label}.").format(label=final_words(view))


def final_words(view: PromptView) -> str:
    mark = LABELS[view.final.label]
    if view.final.basis is Basis.NONE:
        return mark_words(mark)
    veto = view.final.basis is Basis.CONSENSUS and view.consensus.veto is Veto.OVERRULED
    basis = "by veto, against the majority of moderators" if veto else _BASES[view.final.basis]
    return ", ".join((mark_words(mark), tr(basis)))


def decided_words(view: PromptView, annotator: str) -> str:
    """The annotator's own label, how it was made, and the final label where that is another one."""
    own = [a for a in view.decided if a.aspect is Aspect.LABEL and a.annotator == annotator and not a.imported]
    parts = [_repeat_words(own) if view.prompt.id < 0 else _own_words(own)]
    if Visible.FILTER in own[-1].visible and Visible.VOTES not in own[-1].visible:
        text = (
            "The filter or order of the queue depended on votes or judgements, so this label does not count as blind."
        )
        parts.append(tr(text))
    if view.blind:
        parts.append(tr("Votes and judgements stay hidden during this pass."))
    elif view.final.label != own[-1].value:
        parts.append(tr("Final label: {label}.").format(label=final_words(view)))
    return " ".join(parts)


def _own_words(own: list[Annotation]) -> str:
    now = _label(own[-1])
    if Visible.CHANGE in own[-1].visible and len(own) > 1:
        return tr("You changed your label from {before} to {now}.").format(before=_label(own[-2]), now=now)
    if Visible.RESPONSES not in own[-1].visible:
        return tr("You labelled this prompt in bulk: {label}.").format(label=now)
    if Visible.REVEAL in own[-1].visible and Visible.JUDGEMENTS in own[-1].visible:
        text = tr("You decided {label} before the votes, and after judges' classes that you had revealed.")
        return text.format(label=now)
    if Visible.REVEAL in own[-1].visible:
        return tr("You decided {label} before votes and judgements were shown.").format(label=now)
    return tr("You decided {label}.").format(label=now)


def _repeat_words(own: list[Annotation]) -> str:
    """What was decided on a prompt that was shown again; it replaces no label."""
    text = tr("Shown again: you decided {label}. This counts for self-consistency; your label of before stays.")
    return text.format(label=_label(own[-1]))


def _label(annotation: Annotation) -> str:
    return mark_words(LABELS[Label(annotation.value)])


def severity_words(value: str) -> str:
    """The severity of a refusal: `severity 2 of 3`."""
    return tr("severity {value} of {most}").format(value=value, most=max(SEVERITIES))


def mark_words(mark: Mark) -> str:
    """The shape and the word of a mark."""
    return " ".join((mark.shape, tr(mark.word)))


def known_words(view: PromptView) -> str:
    """Consensus, unparsed votes, veto, reference label and refusals, in one line; empty while they are hidden."""
    return "" if view.blind else SEPARATOR.join((*consensus_words(view), *_refusals(view)))


def _refusals(view: PromptView) -> list[str]:
    judged = [one for one in view.responses if one.final.answer_class in DECIDED]
    count = sum(one.final.answer_class in ALL_REFUSALS for one in judged)
    one, many = "1 of {judged} responses refuses", "{count} of {judged} responses refuse"
    return [plural(count, one, many, judged=len(judged))] if judged else []


def consensus_words(view: PromptView) -> list[str]:
    """Consensus, unparsed votes, veto and reference label, a phrase each."""
    consensus, prompt = view.consensus, view.prompt
    texts = []
    if not consensus.safe and not consensus.toxic and not consensus.unparsed:
        texts.append(tr("No moderator votes"))
    else:
        votes = tr("Moderators: {safe} safe, {toxic} toxic")
        if consensus.unparsed:
            votes = tr("Moderators: {safe} safe, {toxic} toxic, {unparsed} unparsed")
        counts = {"safe": consensus.safe, "toxic": consensus.toxic, "unparsed": consensus.unparsed}
        texts.append(tr("{votes}. {result}").format(votes=votes.format(**counts), result=_majority(consensus)))
    if consensus.veto is not Veto.NONE:
        judged = {vote.response_id for vote in view.votes if vote.response_id is not None}
        whose = sorted({r.response.model for r in view.responses if r.response.id in judged})
        texts.append(_veto(consensus, ", ".join(whose)))
    if prompt.reference_label:
        texts.append(tr("Label in the source file: {label}").format(label=tr(LABELS[prompt.reference_label].word)))
    return texts


def _majority(consensus: Consensus) -> str:
    """The label with the majority of the votes, before a veto."""
    if consensus.label is None and consensus.veto is Veto.NONE:
        return tr("No consensus by the voting rule")
    label = {Veto.OVERRULED: Label.SAFE, Veto.RESCUED: Label.TOXIC}.get(consensus.veto, consensus.label)
    return tr("Majority: {label}").format(label=tr(LABELS[label].word))


def _veto(consensus: Consensus, responder: str) -> str:
    """What counts because of the votes on the response of a model without safety training."""
    safe, toxic = consensus.response_safe, consensus.response_toxic
    text, count = tr("No veto: votes for the response of {model} being safe: {count} of {cast}"), safe
    if consensus.veto is Veto.OVERRULED:
        text, count = tr("Counts as toxic: votes for the response of {model} being toxic: {count} of {cast}"), toxic
    elif consensus.veto is Veto.RESCUED:
        text = tr("Counts as safe: votes for the response of {model} being safe: {count} of {cast}")
    return text.format(count=count, cast=safe + toxic, model=responder)


def check_words(aspect: Aspect, annotator: str) -> str:
    """That the decisions of an annotator were approved or sent back."""
    text = tr("decisions of {annotator} approved") if aspect is Aspect.APPROVED else tr("sent back to {annotator}")
    return text.format(annotator=isolated(annotator))


def returned_words(returned: Annotation) -> str:
    """Who sent the prompt back and why, and what to do."""
    text = tr("Sent back by {annotator}: {reason}\n{key} changes or confirms your label.")
    reason = " ".join((returned.reason or "").split())
    return text.format(annotator=isolated(returned.annotator), reason=isolated(reason), key=key_text("change_label"))
