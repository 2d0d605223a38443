"""Makes the names of functions and classes in the pages lead to their source, when the site is built.

A name in backticks, such as `tcm_core.losses.db.db_loss`, becomes a link to its entry in the reference, where
its lines are shown with their numbers. In the repository the pages stay as they are.
"""

import re
from typing import Final

NAME: Final = re.compile(r"(?<!\[)`(tcm_core(?:\.\w+)+)`(?!\])")
FENCE: Final = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)
REFERENCE: Final = "api/"


def with_links(text: str) -> str:
    """A page's text with its names as links; code in blocks is left alone."""
    parts, end = [], 0
    for block in FENCE.finditer(text):
        parts += [NAME.sub(r"[`\1`][\1]", text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, NAME.sub(r"[`\1`][\1]", text[end:])])


def on_page_markdown(markdown: str, page: object, **_: object) -> str:
    """Called for each page before it is rendered."""
    return markdown if page.file.src_uri.startswith(REFERENCE) else with_links(markdown)
