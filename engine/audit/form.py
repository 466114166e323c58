"""The lines of an export and how each is hashed. The format is frozen: docs/auditors.md.

A line is a JSON object with a `type`: `header`, `row`, `proof` (beside a CSV file) or `seal`.
Header and seal carry `hash`, SHA-256 over the RFC 8785 canonical JSON of the line without it; a
row's hash covers its columns only (engine.history).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import rfc8785

from engine.audit.keys import SealKey, is_signed
from engine.history import COLUMNS, canonical

VERSION = 1
FORMAT = "cashier-histories"

Line = dict[str, Any]

HEADER_FIELDS: dict[str, tuple[type, ...]] = {
    "type": (str,),
    "v": (int,),
    "format": (str,),
    "installation": (str,),
    "key": (str, type(None)),
    "exported_at": (str,),
    "filter": (dict,),
    "columns": (list,),
    "rows": (int,),
    "seals": (int,),
    "hash": (str,),
}
ROW_FIELDS: dict[str, tuple[type, ...]] = {
    "seq": (int,),
    "payment": (str,),
    "kind": (str,),
    "client": (str, type(None)),
    "currency": (str,),
    "units": (str, type(None)),
    "amount": (str, type(None)),
    "event": (str,),
    "from": (str, type(None)),
    "to": (str,),
    "at": (str,),
    "actor": (str,),
    "reason": (str,),
    "rule": (str,),
    "evidence": (dict,),
    "prev": (str,),
    "hash": (str,),
}
STANDING_FIELDS: dict[str, tuple[type, ...]] = {
    "type": (str,),
    "sealed": (bool,),
    "proof": (dict, type(None)),
}
PROOF_LINE_FIELDS = STANDING_FIELDS | {"seq": (int,)}
PROOF_FIELDS: dict[str, tuple[type, ...]] = {"seal": (int,), "index": (int,), "path": (list,)}
SEAL_FIELDS: dict[str, tuple[type, ...]] = {
    "type": (str,),
    "v": (int,),
    "number": (int,),
    "installation": (str,),
    "key": (str,),
    "first_seq": (int,),
    "last_seq": (int,),
    "count": (int,),
    "root": (str,),
    "prev": (str,),
    "at": (str,),
    "signature": (str,),
    "hash": (str,),
}
FILTER_FIELDS: dict[str, tuple[type, ...]] = dict.fromkeys(
    ("from", "to", "client"), (str, type(None))
)

SEQ_MAX = 2**53 - 1  # the largest integer that canonical JSON can hold

_LONG_NUMBER = re.compile(rb"[:,\[]-?[0-9]{16}")
_NAME = re.compile(r"[!-~]{1,64}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{6}Z", re.ASCII)


class LineError(ValueError):
    """A line that is not of the form it should have; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What part of the histories an export holds. Times as in the `at` column: `since` is
    inclusive, `until` exclusive; `client` means the payments that belong to this client."""

    since: str | None = None
    until: str | None = None
    client: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self == Filter()

    def as_json(self) -> Line:
        """As it stands in a header."""
        return {"from": self.since, "to": self.until, "client": self.client}


@dataclass(frozen=True, slots=True)
class SealBody:
    """What a seal says and signs. The range `first_seq`..`last_seq` has no gaps, so that
    `count` is its length and a row's leaf index its distance from `first_seq`."""

    number: int
    installation: str
    key: str
    first_seq: int
    last_seq: int
    count: int
    root: str
    prev: str
    at: str

    def sign(self, key: SealKey) -> Line:
        """The seal line: this body, its signature and the hash over both."""
        line: Line = {"type": "seal", "v": VERSION, **asdict(self)}
        line["signature"] = key.sign(exact_canonical(line))
        line["hash"] = line_hash(line)
        return line


def exact_canonical(value: object) -> bytes:
    """RFC 8785 by all its rules, for what comes from a file: keys sort by their UTF-16 units, and
    an integer beyond 2^53 raises ValueError. Only where neither can matter the quick way is
    taken."""
    quick = canonical(value)
    if quick.isascii() and not _LONG_NUMBER.search(quick):
        return quick
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # its JSON type is recursive, ours is open


def exact_row_hash(row: Mapping[str, Any]) -> str:
    """The hash that a row must carry by the rules of the format. Raises ValueError."""
    unsigned = {name: row[name] for name in COLUMNS if name != "hash"}
    return hashlib.sha256(exact_canonical(unsigned)).hexdigest()


def line_hash(line: Mapping[str, Any]) -> str:
    """The hash that a header or seal must carry: hex SHA-256 over everything else in it."""
    rest = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(exact_canonical(rest)).hexdigest()


def signature_holds(seal: Mapping[str, Any]) -> bool:
    """Whether a seal line is signed by the key that it names."""
    body = {name: value for name, value in seal.items() if name not in {"signature", "hash"}}
    return is_signed(exact_canonical(body), signature=seal["signature"], public=seal["key"])


def header_line(
    *, installation: str, key: str | None, at: str, part: Filter, rows: int, seals: int
) -> Line:
    """The first line of an export; `rows` and `seals` are the numbers of lines that follow."""
    line: Line = {
        "type": "header",
        "v": VERSION,
        "format": FORMAT,
        "installation": installation,
        "key": key,
        "exported_at": at,
        "filter": part.as_json(),
        "columns": list(COLUMNS),
        "rows": rows,
        "seals": seals,
    }
    line["hash"] = line_hash(line)
    return line


def dump_line(line: Mapping[str, Any]) -> str:
    """One line of a file, with its end."""
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def parse_line(raw: bytes) -> Line:
    """The object on one line. Raises LineError for anything but one JSON object with a `type`:
    two equal keys, a fraction or NaN included."""
    line = parse_json(raw)
    if not isinstance(line, dict) or not isinstance(line.get("type"), str):
        raise LineError("is not a JSON object with a type")
    return line


def parse_json(raw: bytes | str) -> Any:
    """Strict JSON: whoever reads the text must see what we hash. Raises LineError."""
    try:
        return json.loads(
            raw,
            object_pairs_hook=_object,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except LineError:
        raise
    except (ValueError, RecursionError):
        raise LineError("is not JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise LineError("has the same key twice")
    return found


def _refuse_number(text: str) -> NoReturn:
    raise LineError(f"holds the number {text[:20]}, which is no integer")


def check_fields(line: Mapping[str, Any], fields: Mapping[str, tuple[type, ...]]) -> None:
    """Raises LineError unless `line` has exactly these fields with values of these types."""
    for name in fields:
        if name not in line:
            raise LineError(f"lacks {name}")
    for name, value in line.items():
        if name not in fields:
            raise LineError(f"has a field {shown(name)} that does not belong there")
        if type(value) not in fields[name]:  # isinstance would take true for 1
            raise LineError(f"has a {name} of the wrong type")


def check_header(line: Mapping[str, Any]) -> None:
    """Raises LineError unless a header line is whole in itself."""
    if line["type"] != "header":
        raise LineError("is missing")
    if line.get("format") != FORMAT or line.get("v") != VERSION:
        raise LineError(f"is not of format {FORMAT} {VERSION}")
    check_fields(line, HEADER_FIELDS)
    check_fields(line["filter"], FILTER_FIELDS)
    if line["columns"] != list(COLUMNS):
        raise LineError("names other columns than the format has")
    check_hash(line)


def filter_of(header: Mapping[str, Any]) -> Filter:
    """The filter that a header names, sound or not; the whole if it names none."""
    named = header.get("filter")
    if not isinstance(named, dict):
        return Filter()
    since, until, client = (
        text if isinstance(text, str) else None
        for text in (named.get("from"), named.get("to"), named.get("client"))
    )
    return Filter(since=since, until=until, client=client)


def check_seal(line: Mapping[str, Any]) -> None:
    """Raises LineError unless a seal line is whole in itself: fields, hash and signature."""
    check_fields(line, SEAL_FIELDS)
    if line["v"] != VERSION:
        raise LineError(f"is not of version {VERSION}")
    check_digests([line["root"]])
    if line["count"] != line["last_seq"] - line["first_seq"] + 1 or line["count"] < 0:
        raise LineError("counts other rows than its range has")
    check_hash(line)
    if not signature_holds(line):
        raise LineError("is not signed by the key that it names")


def check_hash(line: Mapping[str, Any]) -> None:
    """Raises LineError unless the line carries the hash of itself."""
    try:
        found = line_hash(line)
    except ValueError:
        raise LineError("has no canonical form") from None
    if found != line["hash"]:
        raise LineError("does not match its hash: it was changed")


def check_digests(values: Iterable[object]) -> None:
    """Raises LineError unless each is 64 lower-case hex digits."""
    for value in values:
        if not isinstance(value, str) or not _DIGEST.fullmatch(value):
            raise LineError("holds a hash that is not 64 lower-case hex digits")


def check_row(row: Mapping[str, Any]) -> None:
    """Raises LineError unless a row has the columns, each of its kind. Its hash is not checked."""
    check_fields(row, ROW_FIELDS)
    check_digests([row["hash"]])
    if not 0 < row["seq"] <= SEQ_MAX:
        raise LineError("has a seq out of range")
    if not _NAME.fullmatch(row["payment"]):
        raise LineError("has a payment that is no id")
    check_moment(row["at"])


def check_moment(text: str) -> None:
    """Raises LineError unless `text` is a time as we write it, so that it sorts as text."""
    if not _MOMENT.fullmatch(text):
        raise LineError("has an at that is not RFC 3339 in UTC with microseconds")


def shown(text: object) -> str:
    """Any text of a file, safe and short enough for a terminal."""
    plain = str(text)
    if plain.isascii() and plain.isprintable() and len(plain) <= 80:
        return plain
    return ascii(plain[:80])
