"""Text from outside as one line that cannot drive a terminal: for commands, console and logs."""

from __future__ import annotations


def printable(text: object) -> str:
    """`text` on one line, with whatever is not a visible character written as its escape: control
    characters, marks that turn the direction of writing, halves of characters."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in str(text)
    )
