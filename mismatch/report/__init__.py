"""What people read: HTML pages, plots, tables and lines on a terminal.

What belongs here turns results into text. It computes none.
"""
