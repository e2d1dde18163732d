"""A person looks at flagged rows and decides: which rows, in which order, and where the decisions are kept."""
