"""What reviewers disagree about, and their label files."""
