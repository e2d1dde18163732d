"""How good a model is: measures, groups, the operating point, and the share of mismatches in a stream.

What belongs here measures verdicts. It changes a model only to set its cut.
"""
