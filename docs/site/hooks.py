"""The documentation site also holds what documents refer to beside them: README, changelog, results, tests, sources."""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files, InclusionLevel

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\(\.\./([\w./-]*\w)")  # to a file of the checkout, from a document
# Pages of the site made of texts beside the documents; an index of a folder is what README.md would be there.
TEXTS = {
    "first_steps.md": "README.md", "changelog.md": "CHANGELOG.md", "results.md": "results/README.md",
    "claims.md": "results/e10_claims/claims.md",
}  # fmt: skip
PAGES = {source: page for page, source in TEXTS.items()}


def on_files(files: Files, config: Any) -> Files:
    """Add to the site what stands beside the documents."""
    for page, source in TEXTS.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_for_the_site(text)))
    pictures = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("results/**/*.png")}
    for name in sorted(pictures | _linked()):
        level = InclusionLevel.NOT_IN_NAV  # a text of results that is linked is a page outside the navigation
        files.append(File(name, str(ROOT), config["site_dir"], config["use_directory_urls"], inclusion=level))
    return files


def _linked() -> set[str]:
    """Return the files of the checkout to which documents link and that are no pages of their own."""
    named = {name for path in DOCS.glob("*.md") for name in LINK.findall(path.read_text(encoding="utf-8"))}
    return {name for name in named - set(PAGES) if (ROOT / name).is_file()}


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links meant for the checkout lead to the same place on the site."""
    if "/" in page.file.src_uri or page.file.src_uri in TEXTS:
        return markdown
    return LINK.sub(lambda link: f"]({PAGES.get(link[1], link[1])}", markdown)


def _for_the_site(text: str) -> str:
    """Return a text of the checkout's root with links as the site has them; code files are named, not linked."""
    for source, name in PAGES.items():
        text = text.replace(f"]({source}", f"]({name}")
    text = re.sub(r"\]\(docs/([\w/]+\.(?:md|svg|png))", r"](\1", text)
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?![\w/]+\.(?:md|svg))[\w./]+\)", r"\1", text)
