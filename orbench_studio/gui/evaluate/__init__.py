"""The evaluate page: batches composed, launched, watched and steered."""
