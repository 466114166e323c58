"""Addresses are compared character by character, and a difference is said, marked and coloured."""

from __future__ import annotations

from console.letters import compare, grouped

ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"


def _plain(asked: str | None, paid: str | None, width: int = 78) -> list[str]:
    return [line.plain for line in compare(asked, paid, width)]


def test_the_same_address_stands_above_itself_in_groups() -> None:
    asked, paid, said = _plain(ADDRESS, ADDRESS)
    assert asked == "asked for    rltc 1qdv v7jn 728r d3f4 c2wl m432 kpgm uqla k86q e9fy"
    assert paid == asked.replace("asked for   ", "will be paid")
    assert said.strip() == "the same, all 44 characters"


def test_a_difference_is_marked_where_it_is_and_said() -> None:
    asked, paid, marks = _plain(ADDRESS, ADDRESS.replace("m432", "m4a2"))
    assert marks.startswith("NOT THE SAME")
    at = marks.index("^")
    assert (asked[at], paid[at]) == ("3", "a")
    assert marks.count("^") == 1


def test_an_address_that_is_longer_differs_at_its_end() -> None:
    *_, marks = _plain(ADDRESS, f"{ADDRESS}q")
    assert marks.endswith("^")


def test_a_long_address_is_cut_at_the_same_groups_for_both() -> None:
    long = "a" * 62
    lines = _plain(long, long[:-1] + "b", width=40)
    assert [line[13:17] for line in lines if line.startswith(("asked", "will", " "))][:2] == [
        "aaaa",
        "aaaa",
    ]
    assert sum(line.startswith("NOT THE SAME") for line in lines) == 1
    assert max(len(line) for line in lines) <= 40


def test_one_address_alone_is_not_called_the_same() -> None:
    assert _plain(None, ADDRESS) == [f"will be paid {grouped(ADDRESS)}"]
    assert _plain(None, None) == ["asked for    -"]


def test_no_character_of_an_address_drives_the_terminal() -> None:
    lines = _plain("[red]a\x1b[2Jb", "[red]a\x1b[2Jc")
    assert not any("\x1b" in line for line in lines)
    assert any(line.startswith("NOT THE SAME") for line in lines)
