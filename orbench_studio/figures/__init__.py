"""Figures: data in, matplotlib figures out. No pyplot, no window; imported when the first figure is asked for."""
