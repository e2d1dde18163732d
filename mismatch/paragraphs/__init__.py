"""Paragraphs that belong to another article: bodies cut into passages, described, and judged by a model of their own.

What belongs here compares parts of one body with the title and with each other.
"""
