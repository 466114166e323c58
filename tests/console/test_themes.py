"""Every theme can be read: text and states stand out from their ground."""

from __future__ import annotations

import pytest
from textual.color import Color

from console.themes import DEFAULT, THEMES

STATES = ("state-going", "state-done", "state-asks", "state-wrong")


def _contrast(front: str, ground: str) -> float:
    """As WCAG 2 counts it: 1 to 21."""
    light, dark = sorted((_light(front), _light(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _light(colour: str) -> float:
    parts = (part / 255 for part in Color.parse(colour).rgb)
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


@pytest.mark.parametrize("name", THEMES)
def test_words_stand_out_from_their_ground(name: str) -> None:
    theme = THEMES[name]
    ground = str(theme.background)
    least = 7.0 if name == "high-contrast" else 4.5
    assert _contrast(str(theme.foreground), ground) >= 7
    assert all(_contrast(theme.variables[state], ground) >= least for state in STATES)
    assert _contrast(theme.variables["cursor-text"], theme.variables["cursor"]) >= 4.5


def test_there_is_one_for_everybody() -> None:
    assert set(THEMES) == {"dark", "light", "high-contrast", "colour-blind"}
    assert DEFAULT in THEMES
