"""Rows with the columns added, written as the format that is asked for."""
