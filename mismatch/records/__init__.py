"""Readers, writers and the quarantine: rows in from any format, the same rows out with columns added, none
lost."""
