"""The studio's own instruments in the window: judging, learning from people, and the bench."""
