"""Two addresses one above the other, character by character: groups for the eye, and every
difference marked by its shape, in a word and in colour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.content import Content

from console.safe import safe

GROUP = 4  # characters
LABEL = 13  # cells
ASKED, PAID, WRONG = "asked for", "will be paid", "NOT THE SAME"
MARK = "^"


def compare(asked: str | None, paid: str | None, width: int) -> list[Content]:
    """The address of the request above the one that will be paid, in lines of at most `width`
    cells; where they differ they say so. One alone stands without the other."""
    above, below = safe(asked or ""), safe(paid or "")
    if not above or not below:
        label = PAID if below else ASKED
        return list(_shown([(label, above or below or "-", "")], width))
    marks = "".join(
        " " if a == b else MARK
        for a, b in zip(above.ljust(len(below)), below.ljust(len(above)), strict=True)
    )
    lines = list(_shown([(ASKED, above, ""), (PAID, below, "bold")], width))
    if not marks.strip():
        said = f"the same, all {len(below)} characters"
        return [*lines, Content.styled(" " * LABEL + said, "$state-done")]
    return list(_shown([(ASKED, above, ""), (PAID, below, "bold"), (WRONG, marks, "wrong")], width))


def grouped(text: str) -> str:
    """`text` in groups of four."""
    return " ".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def _shown(rows: Sequence[tuple[str, str, str]], width: int) -> Iterator[Content]:
    """Rows of one length after the other, cut at the same groups, each with its label."""
    groups = max(1, (width - LABEL + 1) // (GROUP + 1))
    step = groups * GROUP
    length = max(len(text) for _, text, _ in rows)
    for start in range(0, length, step):
        for label, text, style in rows:
            part = grouped(text[start : start + step]).rstrip()
            if style == "wrong" and not part.strip():
                continue
            shown = (label if not start or style == "wrong" else "").ljust(LABEL)
            style_of = {"wrong": "bold $state-wrong"}.get(style, style)
            yield Content.assemble((shown, style_of or "$foreground-muted"), (part, style_of))
