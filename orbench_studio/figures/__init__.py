"""Figures with matplotlib, without pyplot or a window; imported when the first figure is drawn."""
