"""A form counts as signed when a key of its person that is in force now made the signature."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from engine import installation
from engine.approvals.form import new_form, signature_hash
from engine.approvals.signed import verified
from engine.config import Config
from engine.errors import ActRefused
from tests.engine.approvals.people import People
from tests.engine.house import NOW

FIELDS = {"act": "block", "client": "CR1", "reason": "police", "history_hash": "a" * 32}


def test_a_signature_counts_for_its_person_while_the_key_is_in_force(
    bench_config: Config, people: People
) -> None:
    installation.ensure_id()
    config = people.join(bench_config)
    form = new_form(FIELDS, staff="ann", now=NOW)
    signature = people.sign(form, by="ann")
    signed = verified(config, form, signature, NOW)
    assert signed is not None
    assert signed.as_evidence() == {
        "staff": "ann",
        "role": "payments",
        "at": form["at"],
        "nonce": form["nonce"],
        "signature": signature_hash(signature),
    }
    assert verified(config, {**form, "staff": "ben"}, signature, NOW) is None
    assert verified(config, {**form, "client": "CR2"}, signature, NOW) is None
    ended = replace(config, staff=(people.row("ann", until=NOW),))
    assert verified(ended, form, signature, NOW - timedelta(seconds=1)) is not None
    with pytest.raises(ActRefused, match="no key of ann is in force now"):
        verified(ended, form, signature, NOW)


def test_a_role_is_judged_before_openssh_is_asked(bench_config: Config, people: People) -> None:
    form = new_form(FIELDS, staff="sue", now=NOW)
    with pytest.raises(ActRefused, match="sue is support"):
        verified(people.join(bench_config), form, "", NOW)
