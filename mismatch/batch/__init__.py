"""What takes a whole batch to see: repairs, shifts, repeats, sources that got worse; and the review of what was flagged.

What belongs here compares rows with other rows, or goes through the rows of a scored file.
"""
