"""The source: one thread, newest question of a kind, a database that goes and comes back."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from console.source import HEAD_START_S, Away, Source
from db.models import Client
from engine import store
from engine.config import Config
from engine.errors import CashierError, ConfigError, PaymentNotFound
from tests.commands.desk import Desk
from tests.console.terminal import NOW
from tests.nodes.ports import PATIENCE_S, wait_until


class Heard:
    """What came back, on whichever thread."""

    def __init__(self) -> None:
        self.said: list[Any] = []
        self.away: list[Away | None] = []
        self.refused: list[CashierError] = []

    @staticmethod
    def deliver(callback: Callable[..., Any], answer: Any) -> None:
        callback(answer)

    def until(self, is_so: Callable[[], bool]) -> None:
        def told() -> str:
            return f"{self.said} {self.away} {self.refused}"

        wait_until(is_so, what="what is heard", told=told)


def overwrite(path: Path, content: bytes) -> None:
    """Give a file another content. It is never empty meanwhile: SQLite would take it for a new
    database and write into it."""
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()


@contextmanager
def asking(load: Callable[[], Config], heard: Heard) -> Iterator[Source]:
    source = Source(
        load,
        deliver=heard.deliver,
        moved_away=heard.away.append,
        unusable=heard.refused.append,
        clock=lambda: NOW,
    )
    source.start()
    try:
        yield source
    finally:
        source.end()


@pytest.fixture
def heard() -> Heard:
    return Heard()


def _loader(desk: Desk) -> Callable[[], Config]:
    def load() -> Config:
        config = desk.config("console")
        store.open_fitting(config)
        return config

    return load


def _clients(_config: Config) -> int:
    return int(Client.select().count())


def test_an_answer_comes_back(desk: Desk, heard: Heard) -> None:
    with asking(_loader(desk), heard) as source:
        source.ask("clients", _clients, heard.said.append)
        heard.until(lambda: heard.said == [0])


def test_of_one_kind_only_the_newest_question_is_asked(desk: Desk, heard: Heard) -> None:
    gate = threading.Event()
    with asking(_loader(desk), heard) as source:
        source.ask("slow", lambda _config: gate.wait(PATIENCE_S), heard.said.append)
        heard.until(lambda: source._busy)
        for number in range(5):
            source.ask("page", lambda _config, n=number: n, heard.said.append)  # type: ignore[misc]  # a lambda that remembers its number
        gate.set()
        heard.until(lambda: heard.said == [True, 4])


def test_what_the_engine_refuses_is_told_to_who_asked(desk: Desk, heard: Heard) -> None:
    def question(_config: Config) -> None:
        raise PaymentNotFound("there is no such payment")

    with asking(_loader(desk), heard) as source:
        source.ask("one", question, heard.said.append, refused=heard.refused.append)
        heard.until(lambda: len(heard.refused) == 1)
        source.ask("clients", _clients, heard.said.append)
        heard.until(lambda: heard.said == [0])


def test_a_database_that_went_away_is_asked_again_when_it_is_back(desk: Desk, heard: Heard) -> None:
    path = Path(desk.url.removeprefix("sqlite:///"))
    with asking(_loader(desk), heard) as source:
        source.ask("clients", _clients, heard.said.append)
        heard.until(lambda: heard.said == [0])
        kept = path.read_bytes()
        overwrite(path, b"no database at all" * 1000)
        source.ask("clients", _clients, heard.said.append)
        heard.until(lambda: len(heard.away) == 1)
        assert heard.away[0] is not None
        assert heard.away[0].since.startswith("2026-10-30T12:00:41")
        assert source.away == heard.away[0]
        overwrite(path, kept)
        heard.until(lambda: heard.said == [0, 0])
        assert heard.away[-1] is None


def test_no_news_is_not_handed_on(desk: Desk, heard: Heard) -> None:
    answers = itertools.chain([1, None, None, 2], itertools.repeat(None))
    with asking(_loader(desk), heard) as source:
        source.ask_always(0.01, lambda _config: next(answers), heard.said.append)
        heard.until(lambda: heard.said == [1, 2])


@pytest.mark.parametrize("head_start_s", [0.0, HEAD_START_S])
def test_what_a_screen_asks_first_comes_before_a_patient_question(
    desk: Desk, heard: Heard, monkeypatch: pytest.MonkeyPatch, head_start_s: float
) -> None:
    # A head start of nothing is what is left of one on a machine that is busy.
    monkeypatch.setattr("console.source.HEAD_START_S", head_start_s)
    started = threading.Event()

    def load() -> Config:
        started.wait(PATIENCE_S)
        return _loader(desk)()

    with asking(load, heard) as source:
        source.ask_always(60, lambda _config: "figures", heard.said.append, patient=True)
        source.ask_always(60, lambda _config: "cursor", heard.said.append)
        source.ask("rows", lambda _config: "rows", heard.said.append)
        started.set()
        heard.until(lambda: heard.said == ["cursor", "rows", "figures"])


def test_a_configuration_that_cannot_be_read_is_said_once(heard: Heard) -> None:
    def load() -> Config:
        raise ConfigError(())

    with asking(load, heard):
        heard.until(lambda: len(heard.refused) == 1)
