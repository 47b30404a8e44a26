"""The documentation site also holds the README, the changelog and figures of results, to which documents refer."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
# Pages of the site made of texts beside the documents; an index of a folder is what README.md would be there.
TEXTS = {
    "first_steps.md": "README.md", "changelog.md": "CHANGELOG.md", "results.md": "results/README.md",
    "claims.md": "results/claims/claims.md",
}  # fmt: skip
PAGES = {source: page for page, source in TEXTS.items()}


def on_files(files: Files, config: Any) -> Files:
    """Add to the site what stands beside the documents."""
    for page, source in TEXTS.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_for_the_site(text)))
    for path in sorted(ROOT.glob("results/**/*.png")):
        name = path.relative_to(ROOT).as_posix()
        files.append(File(name, str(ROOT), config["site_dir"], config["use_directory_urls"]))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links meant for the checkout lead to the same place on the site."""
    if page.file.src_uri in TEXTS:
        return markdown
    for source, name in PAGES.items():
        markdown = markdown.replace(f"](../{source}", f"]({name}")
    markdown = markdown.replace("](../results/claims/claims.md", "](claims.md")
    return markdown.replace("](../results/", "](results/")


def _for_the_site(text: str) -> str:
    """Return a text of the checkout's root with links as the site has them; code files are named, not linked."""
    for source, name in PAGES.items():
        text = text.replace(f"]({source}", f"]({name}")
    text = re.sub(r"\]\(docs/([\w/]+\.(?:md|svg|png))", r"](\1", text)
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?![\w/]+\.(?:md|svg))[\w./]+\)", r"\1", text)
