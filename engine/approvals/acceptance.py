"""Which keys and cold addresses of cashier.toml count on main networks: those of the first recorded
configuration that had two approvers, and those that two approvers in force accepted since.

Whoever can write cashier.toml alone can neither sign nor lead coins anywhere. The database is
believed no further: every acceptance is a signature that is verified anew.
"""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from db.models import Approval
from engine.approvals import form as forms
from engine.approvals.founding import PERSONS, founding, is_guarded
from engine.approvals.openssh import namespace, verifies
from engine.audit.seals import installation_id
from engine.chronicle import Subject
from engine.clock import parse_rfc3339, rfc3339
from engine.config import Config, Currency, Staff
from engine.errors import ActRefused
from engine.moves.addresses import canonical, cold_address

log = logging.getLogger(__name__)

ACT = "accept"
STAFF_KEY, COLD_ADDRESS = "staff_key", "cold_address"
UNACCEPTED_COLD = "the cold address waits for two approvers: cashier keys accept"
_OPEN = "-"  # a key without a first or a last moment


@dataclass(frozen=True, slots=True)
class Item:
    """A key or a cold address of cashier.toml. `name` is the person or the currency; `fields` are
    what is signed of it."""

    name: str
    says: str
    fields: tuple[tuple[str, str], ...]

    @property
    def kind(self) -> str:
        """`staff_key` or `cold_address`."""
        return dict(self.fields)["kind"]

    @property
    def subject(self) -> Subject:
        """The chronicle in which its acceptance stands."""
        text = "\n".join(f"{name}={value}" for name, value in self.fields)
        return Subject("installation", f"accept/{hashlib.sha256(text.encode()).hexdigest()}")


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts now: rows of staff, narrowed to the time for which each was accepted, symbols
    whose cold address was, and what waits for approvers."""

    staff: tuple[Staff, ...]
    cold: frozenset[str]
    waiting: tuple[Item, ...]


def standing(config: Config) -> Standing:
    """Everything that cashier.toml names counts, except on main networks what came after the
    founding configuration and is not accepted."""
    cold = frozenset(s for s, each in config.currencies.items() if each.cold is not None)
    first = founding() if is_guarded(config) else None
    if first is None:
        return Standing(config.staff, cold, ())
    return _Acceptance(config, first).standing()


def payable_cold(config: Config, currency: Currency) -> str | None:
    """The cold address to which coins may go; None without one that counts."""
    address = cold_address(currency)
    if address is None or not currency.main or currency.symbol in standing(config).cold:
        return address
    return None


def staff_item(row: Staff) -> Item:
    """A key of a person under a role, for a time."""
    since, until = (_moment(each) for each in (row.from_, row.until))
    print_ = fingerprint(row.key)
    fields = {
        "kind": STAFF_KEY,
        "account": f"{row.name}/{row.role}/{since}/{until}",
        "address": print_,
    }
    when = "" if (since, until) == (_OPEN, _OPEN) else f" from {since} until {until}"
    return Item(row.name, f"the key {print_} of {row.name} as {row.role}{when}", _pairs(fields))


def cold_item(currency: Currency) -> Item:
    """Where a currency's cold coins go."""
    address = str(cold_address(currency))
    fields = {
        "kind": COLD_ADDRESS,
        "currency": currency.symbol,
        "network": currency.network,
        "address": address,
    }
    says = f"the cold address {address} of {currency.symbol}"
    return Item(currency.symbol, says, _pairs(fields))


def fingerprint(key: str) -> str:
    """The key as `ssh-keygen -l` names it."""
    digest = hashlib.sha256(base64.b64decode(key.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


class _Acceptance:
    """One reckoning: from what stood in the founding configuration to all that follows from it."""

    def __init__(self, config: Config, first: Mapping[str, Any]) -> None:
        self._config = config
        self._space = namespace(installation_id())
        self._windows = [_window_of_record(each) for each in first.get("staff", ())]
        self._cold = _recorded_cold(config, first)
        self._open = _signed_acceptances()

    def standing(self) -> Standing:
        """Who was accepted may accept others, until nothing more follows."""
        more = True
        while more:
            more = self._accept_more()
        staff = tuple(each for row in self._config.staff for each in self._narrowed(row))
        waiting = tuple(self._waiting())
        cold = {item.name for item in self._cold_items()}
        return Standing(staff, frozenset(cold - {item.name for item in waiting}), waiting)

    def _accept_more(self) -> bool:
        good = [fields for fields, signed in self._open.items() if self._is_enough(fields, signed)]
        for fields in good:
            del self._open[fields]
            told = dict(fields)
            if told.get("kind") == COLD_ADDRESS:
                self._cold.add((told["currency"], told["address"]))
            else:
                self._windows.append(_window_of_fields(told))
        return bool(good)

    def _is_enough(self, fields: Fields, signed: Sequence[tuple[Approval, forms.Form]]) -> bool:
        """Whether two approvers whose keys counted when they signed accepted just this, nobody a
        key of their own."""
        own = dict(fields).get("account", "").partition("/")[0]
        persons: dict[str, set[str]] = {}
        for row, form in signed:
            if form["staff"] != own and self._holds(row, form):
                persons.setdefault(form["history_hash"], set()).add(form["staff"])
        return any(len(names) >= PERSONS for names in persons.values())

    def _holds(self, row: Approval, form: forms.Form) -> bool:
        at = parse_rfc3339(form["at"])
        keys = tuple(
            each.key
            for row_ in self._config.staff
            if (row_.name, row_.role) == (form["staff"], "approver")
            for each in self._narrowed(row_)
            if each.current(at)
        )
        message = forms.signed_bytes(form)
        try:
            return _verifies(message, str(row.signature), str(form["staff"]), keys, self._space)
        except ActRefused as error:
            log.warning("acceptance %s does not count: %s", row.nonce, error)
            return False

    def _cold_items(self) -> Iterator[Item]:
        for currency in self._config.currencies.values():
            if currency.cold is not None and currency.main:
                yield cold_item(currency)

    def _waiting(self) -> Iterator[Item]:
        rows = (row for row in self._config.staff if row not in self._narrowed(row))
        yield from dict.fromkeys(staff_item(row) for row in rows)
        for item in self._cold_items():
            if (item.name, dict(item.fields)["address"]) not in self._cold:
                yield item

    def _narrowed(self, row: Staff) -> list[Staff]:
        """The row for each time for which its key was accepted under its name and role."""
        mine = (row.name, row.role, fingerprint(row.key))
        same = [w for w in self._windows if (w["name"], w["role"], w["key"]) == mine]
        found = (_within(row, window) for window in same)
        return [each for each in found if each is not None]


Fields = tuple[tuple[str, str], ...]
Window = Mapping[str, str | None]


def _signed_acceptances() -> dict[Fields, list[tuple[Approval, forms.Form]]]:
    """Every stored signature of an acceptance by what it says is accepted; none is verified yet."""
    found: dict[Fields, list[tuple[Approval, forms.Form]]] = {}
    for row in Approval.select().where(Approval.act == ACT).order_by(Approval.arrived_at):
        try:
            form = forms.parse(row.body)
            told = _accepted(form)
        except (ActRefused, ValueError):
            continue
        found.setdefault(_pairs(told), []).append((row, form))
    return found


def _accepted(form: forms.Form) -> dict[str, str]:
    """What a form accepts. Raises ValueError for one that accepts neither kind of item."""
    told = {name: form[name] for name in form if name not in {*forms.ALWAYS, *forms.OWN, "v"}}
    parse_rfc3339(form["at"])
    kind = told.get("kind") if form["act"] == ACT else None
    if set(told) != _FIELDS.get(str(kind), set()):
        raise ValueError("accepts nothing that there is")
    if kind == STAFF_KEY:
        _, _, *times = told["account"].split("/")
        if len(times) != 2 or not all(each == _OPEN or parse_rfc3339(each) for each in times):
            raise ValueError("names no times")
    return told


_FIELDS = {
    COLD_ADDRESS: {"kind", "currency", "network", "address"},
    STAFF_KEY: {"kind", "account", "address"},
}


def _window_of_record(row: Mapping[str, Any]) -> Window:
    """A row of staff as it was recorded; before times were, each key was for all times."""
    return {
        "name": row["name"],
        "role": row["role"],
        "key": fingerprint(row["key"]),
        "from": row.get("from"),
        "until": row.get("until"),
    }


def _window_of_fields(told: Mapping[str, str]) -> Window:
    name, role, since, until = told["account"].split("/")
    return {
        "name": name,
        "role": role,
        "key": told["address"],
        "from": None if since == _OPEN else since,
        "until": None if until == _OPEN else until,
    }


def _within(row: Staff, window: Window) -> Staff | None:
    since, until = (
        None if window.get(name) is None else parse_rfc3339(str(window[name]))
        for name in ("from", "until")
    )
    first = max((each for each in (row.from_, since) if each is not None), default=None)
    last = min((each for each in (row.until, until) if each is not None), default=None)
    if first is not None and last is not None and first >= last:
        return None
    return row.model_copy(update={"from_": first, "until": last})


def _recorded_cold(config: Config, told: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Symbol and address of each cold wallet, as it is compared."""
    known = {
        symbol: each["rules"].get("cold")
        for symbol, each in told.get("currencies", {}).items()
        if symbol in config.currencies
    }
    return {
        (symbol, canonical(config.currencies[symbol], str(cold["address"])))
        for symbol, cold in known.items()
        if cold
    }


@lru_cache(maxsize=1024)
def _verifies(message: bytes, signature: str, name: str, keys: tuple[str, ...], space: str) -> bool:
    """OpenSSH takes milliseconds, and the same few signatures are asked about in every round."""
    return verifies(message, signature, name=name, keys=keys, space=space)


def _moment(at: datetime | None) -> str:
    return _OPEN if at is None else rfc3339(at)


def _pairs(fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(fields.items()))
