"""Files and streams in and out: Arrow batches of rows, as the user has them.

What belongs here knows files, columns and rows, and nothing of verdicts.
"""
