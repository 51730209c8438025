"""Judges that classify a response from its text, without a network; and the similarity of texts."""
