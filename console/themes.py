"""Colours: dark, light, high contrast and colour-blind safe. A colour only repeats a word."""

from __future__ import annotations

from typing import Any

from textual.theme import Theme

DEFAULT = "dark"


def _theme(name: str, *, dark: bool, base: dict[str, str], states: tuple[str, ...]) -> Theme:
    going, done, asks, wrong = states
    own = {
        "state-going": going,
        "state-done": done,
        "state-asks": asks,
        "state-wrong": wrong,
        "cursor": base["cursor"],
        "cursor-text": base["cursor-text"],
        "footer-key-foreground": base["accent"],
    }
    colours: dict[str, Any] = {k: v for k, v in base.items() if not k.startswith("cursor")}
    return Theme(
        name=name, dark=dark, success=done, warning=asks, error=wrong, variables=own, **colours
    )


THEMES: dict[str, Theme] = {
    theme.name: theme
    for theme in (
        _theme(
            "dark",
            dark=True,
            base={
                "primary": "#7aa2c8",
                "accent": "#d8b26a",
                "foreground": "#d6d9de",
                "background": "#14171c",
                "surface": "#1d2128",
                "panel": "#232831",
                "cursor": "#2f4a66",
                "cursor-text": "#ffffff",
            },
            states=("#8ab8e6", "#8fc28b", "#e6b450", "#f0837a"),
        ),
        _theme(
            "light",
            dark=False,
            base={
                "primary": "#2a5f8f",
                "accent": "#8a5a00",
                "foreground": "#1f2328",
                "background": "#fbfbf9",
                "surface": "#f0f0ec",
                "panel": "#e6e6e0",
                "cursor": "#cfe0f0",
                "cursor-text": "#0b1b2b",
            },
            states=("#1f5f99", "#2b6e31", "#8a5a00", "#b3261e"),
        ),
        _theme(
            "high-contrast",
            dark=True,
            base={
                "primary": "#00d7ff",
                "accent": "#ffff00",
                "foreground": "#ffffff",
                "background": "#000000",
                "surface": "#000000",
                "panel": "#1a1a1a",
                "cursor": "#ffff00",
                "cursor-text": "#000000",
            },
            states=("#5fd7ff", "#5fff5f", "#ffff00", "#ff8787"),
        ),
        # Blue, sky and orange of the palette that stays apart under every kind of colour blindness.
        _theme(
            "colour-blind",
            dark=True,
            base={
                "primary": "#56b4e9",
                "accent": "#f0e442",
                "foreground": "#e8e8e8",
                "background": "#101418",
                "surface": "#1a2026",
                "panel": "#222a32",
                "cursor": "#004a73",
                "cursor-text": "#ffffff",
            },
            states=("#56b4e9", "#9ad0f5", "#f0e442", "#e69f00"),
        ),
    )
}
