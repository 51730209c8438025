"""What a report says about the rows of a mapped table, with their number."""

TURNS = "Rows that are a turn of a model or a system prompt, read as prompts"
LATER_TURNS = "Prompts that are a later turn of a conversation, and are stored without the turns before them"
OWN_REPLY = "Conversations with a reply of their own, which was not read, because a column gives the response"
NOTHING = "Prompts that are a word such as nan or None, which may stand for an empty cell"
REASON_NOTES = "reasons without an answer class or a label, stored as notes on their prompts"
NO_ANNOTATOR = "rows without an annotator, whose label or class is stored as the one of the source"
NO_RESPONSES = "rows with no response were read as prompts only"
MISSING_SAMPLES = "responses inside lists that are missing or null, and were left out"
API_ERRORS = "responses inside lists or objects that look like an API error (they cannot be repaired)"
NO_MODEL = "responses were skipped, because their model is unknown: enter it, or map a column to model"
ERRORS_WITH_TEXT = (
    "Responses with a text are stored as failed requests, because of their error. If it is one of a test or a judge, "
    "leave out the column of the error"
)
NOT_FAILED = "the request did not fail"
OTHER_REFUSAL = "Rows whose answer class, which is stored, contradicts what their is_refusal says"
OTHER_KIND = (
    "First or last rows that lack a mapped value which all other rows have, and may be settings or a summary, not rows"
)
