"""HTML pages as rows: files, and the pages of web archives (WARC). Each is parsed in a bounded process of its own."""
