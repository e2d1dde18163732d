"""For the site: pages of the repository that stand outside of docs/, and links that lead out of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md")
"""pages of the top folder that are pages of the site too"""
_LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./|docs/)?([^)#:]+)(#[^)]*)?\)")


def on_files(files: Files, config: Any) -> Files:
    for name in BESIDE:
        files.append(File.generated(config, name, content=(ROOT / name).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links to what is on the site stay links; what is only in the repository is named by its path there."""

    def changed(found: re.Match[str]) -> str:
        words, target, anchor = found[1], found[2], found[3] or ""
        outside = found[0][len(words) + 3 :].startswith("../") or page.file.src_uri in BESIDE
        if not outside:
            return found[0]
        if target in files.src_uris:
            return f"[{words}]({target}{anchor})"
        if target == "README.md":
            return f"[{words}](index.md)"
        if not (ROOT / target).exists():
            raise ValueError(f"{page.file.src_uri}: there is no {target}")
        return f"{words} (`{target}`)"

    return _LINK.sub(changed, markdown)
