"""Sections of the audit report about errors of the judge, repeats, and differences between models."""

from orbench_studio.domain.audit.judge_error import JudgeErrors
from orbench_studio.domain.audit.refusal_rates import Audit, Group
from orbench_studio.formats.report_documents import Block, Heading, Paragraph, Table
from orbench_studio.services.audit.what_if import WhatIf


def blocks(found: Audit, moved: WhatIf, errors: JudgeErrors) -> list[Block]:
    return [*_errors(errors, moved), *_repeats(found), *_differences(moved)]


def _errors(errors: JudgeErrors, moved: WhatIf) -> list[Block]:
    groups = (Group.SAFE, Group.TOXIC)
    rows = [
        (one.model, *(errors.words(group, one.model) for group in groups))
        for one in moved.models
        if any((group, one.model, None) in errors.rates for group in groups)
    ]
    table = [Table(("Model", "Over-refusal, corrected", "Toxic acceptance, corrected"), rows)] if rows else []
    return [Heading("Errors of the judge"), *table, Paragraph(errors.method, quiet=True)]


def _repeats(found: Audit) -> list[Block]:
    if not found.repeats:
        return []
    rows = [(one.model, one.flipped.words, f"{one.within:.3f}", f"{one.between:.3f}") for one in found.repeats]
    message = "Safe prompts with several responses: share both refused and answered, and the variance of refusal."
    header = ("Model", "Flipped", "Variance within prompts", "Variance between prompts")
    return [Heading("Repeats"), Table(header, rows), Paragraph(message, quiet=True)]


def _differences(moved: WhatIf) -> list[Block]:
    if not moved.comparisons:
        return []
    rows = [
        (
            one.one,
            one.other,
            f"{100 * one.difference:+.1f} ({100 * one.interval[0]:+.1f} to {100 * one.interval[1]:+.1f})",
            f"{one.n:,}",
        )
        for one in moved.neighbours
    ]
    header = ("Higher on shared prompts", "Lower", "Difference in points", "Shared prompts")
    return [
        Heading("Differences between models"),
        Table(header, rows, text_columns=2),
        Paragraph(f"Paired differences of over-refusal with 95 % intervals. {moved.shared} {moved.choice}", quiet=True),
    ]
