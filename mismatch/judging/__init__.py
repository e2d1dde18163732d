"""The one way through: every verdict is computed here, whichever front door the row came in by.

What belongs here turns rows and a model into verdicts. Nothing else in the package may.
"""
