"""Instruments that tell from a response's text how a model answered, with no call to anybody."""
