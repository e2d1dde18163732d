"""What takes a whole batch to see: repairs, shifts, repeats, sources that got worse.

What belongs here compares rows with other rows.
"""
