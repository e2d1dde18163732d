"""What can be judged at all: titles, languages, pages in place of articles; and titles without what is not headline.

What belongs here looks at a text before it is compared. It may refuse a pair with a reason, never call it a mismatch.
"""
