"""Outputs in parts: a folder that is filled over several runs, each part whole and once."""
