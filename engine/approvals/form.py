"""The signed form of a staff act: its fields, their shapes, and the bytes that are signed.

The bytes are the RFC 8785 canonical JSON of the fields that apply, so that what is signed is what
is carried out, whatever way the JSON was written.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.clock import rfc3339
from engine.errors import ActRefused
from engine.history import canonical
from engine.ledger import NewEntry

VERSION = 1
PAID, NOT_PAID = "paid", "not_paid"
ANSWERS = {True: PAID, False: NOT_PAID}
SAID = {PAID: "it paid", NOT_PAID: "it did not pay"}
OUTCOMES = "outcomes"
"""In the evidence of a break that persons answer: each answer that is possible, and its entry."""
BODY_MAX = 8_192  # characters of an order's body
REASON_MAX = 500

_HEX = "[0-9a-f]"
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}"
_CLIENT = r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}"
_VISIBLE = r"[\x21-\x7e]{1,200}"
_UNITS = r"(0|[1-9][0-9]{0,77})"

# What may stand in a form, in the order in which it is shown; `v` is a number, the rest is text.
FIELDS: dict[str, re.Pattern[str]] = {
    name: re.compile(shape, re.ASCII)
    for name, shape in {
        "act": r"[a-z_]{1,32}",
        "payment": f"{_HEX}{{32}}",
        "kind": r"[a-z_]{1,32}",
        "client": _CLIENT,
        "currency": r"[A-Z][A-Z0-9]{0,15}",
        "network": _VISIBLE,
        "token": _VISIBLE,
        "address": _VISIBLE,
        "units": _UNITS,
        "fee_units": _UNITS,
        "account": _VISIBLE,
        "outcome": f"{PAID}|{NOT_PAID}",
        "entry_hash": f"{_HEX}{{64}}",
        "history_hash": f"{_HEX}{{32}}({_HEX}{{32}})?",
        "reason": rf"(?s:.){{1,{REASON_MAX}}}",
        "staff": _NAME,
        "at": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z",
        "nonce": f"{_HEX}{{32}}",
    }.items()
}
ALWAYS = ("act", "history_hash", "staff", "at", "nonce")
OWN = ("reason", "staff", "at", "nonce")
"""Fields in which two signatures of one act may differ."""

Form = dict[str, Any]


def new_form(fields: Mapping[str, str], *, staff: str, now: datetime) -> Form:
    """The form that `staff` is to sign now. Raises ActRefused for a field that cannot be signed."""
    form: Form = {"v": VERSION, **fields, "staff": staff, "at": rfc3339(now)}
    form["nonce"] = secrets.token_hex(16)
    check(form)
    return form


def parse(text: str) -> Form:
    """The form in an order's body. Raises ActRefused unless it is one, whole and well-shaped."""
    if len(text) > BODY_MAX:
        raise ActRefused("the order is too long")
    try:
        form = json.loads(text)
    except (ValueError, RecursionError):
        raise ActRefused("the order's body is not JSON") from None
    if not isinstance(form, dict):
        raise ActRefused("the order's body is not an object")
    check(form)
    return form


def check(form: Mapping[str, Any]) -> None:
    """Raises ActRefused for a field that is unknown, missing or misshapen."""
    unknown = sorted(set(form) - {"v", *FIELDS})
    if unknown:
        raise ActRefused("the form has a field that is not known", detail=repr(unknown)[:200])
    missing = [name for name in ALWAYS if name not in form]
    if missing:
        raise ActRefused(f"the form lacks {', '.join(missing)}")
    if type(form.get("v")) is not int or form["v"] != VERSION:
        raise ActRefused("the form is of another version")
    for name, shape in FIELDS.items():
        if name in form and not _is_shaped(form[name], shape):
            raise ActRefused(f"{name} is not of its form")


def _is_shaped(value: object, shape: re.Pattern[str]) -> bool:
    """Printable throughout: what is signed is also shown on terminals and on the page."""
    return isinstance(value, str) and value.isprintable() and shape.fullmatch(value) is not None


def signed_bytes(form: Mapping[str, Any]) -> bytes:
    """What the signature covers."""
    return canonical(dict(form))


def same_act(form: Mapping[str, Any]) -> bytes:
    """The form without what each signer adds: equal for signatures that count together."""
    return canonical({name: value for name, value in form.items() if name not in OWN})


def entry_hash(entry: NewEntry) -> str:
    """SHA-256 over the canonical JSON of the entry's lines, as they stand in a history row."""
    return lines_hash(entry.as_json())


def lines_hash(lines: Sequence[Sequence[str]]) -> str:
    """The same of lines that stand in evidence."""
    return hashlib.sha256(canonical([list(line) for line in lines])).hexdigest()


def signature_hash(signature: str) -> str:
    """The short form by which histories name a signature."""
    return hashlib.sha256(signature.encode("utf-8", "surrogatepass")).hexdigest()
