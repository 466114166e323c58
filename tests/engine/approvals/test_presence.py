"""A person proves to be who they say, by a key that is in force, and by nothing that is an act."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine import installation
from engine.approvals.presence import prove, role_of
from engine.clock import utc_now
from engine.config import Config
from engine.errors import ActRefused, SigningFailed
from tests.engine.approvals.people import People


@pytest.fixture
def config(bench_config: Config, people: People) -> Config:
    installation.ensure_id()
    return people.join(bench_config)


def test_whoever_holds_the_key_is_who_they_say(config: Config, people: People) -> None:
    for name, role in (("ann", "payments"), ("sue", "support"), ("aud", "auditor")):
        assert prove(config, name, key=people.key(name), now=utc_now()) == role


def test_the_key_of_another_proves_nothing(config: Config, people: People) -> None:
    with pytest.raises(SigningFailed, match="not one of ben"):
        prove(config, "ben", key=people.key("ann"), now=utc_now())


def test_a_key_that_has_ended_proves_nothing(config: Config, people: People) -> None:
    now = utc_now()
    ended = people.row("ann", until=(now - timedelta(days=1)).isoformat())
    with pytest.raises(SigningFailed, match="no key of ann"):
        prove(replace(config, staff=(ended,)), "ann", key=people.key("ann"), now=now)


def test_somebody_whom_the_configuration_does_not_name_is_nobody(config: Config) -> None:
    with pytest.raises(ActRefused, match="names no staff eve"):
        role_of(config.staff, "eve")
    with pytest.raises(ActRefused, match="names no staff eve"):
        prove(config, "eve", key=None, now=utc_now())
