"""The API described: one table of operations, told to machines as OpenAPI 3.1 and to people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.config import Config
from engine.queries import OPEN_STATES

VERSION = "0.1.0"

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `answers` maps a status to (meaning, name of its schema or None)."""

    method: str
    path: str
    does: str
    answers: dict[int, tuple[str, str | None]]
    session: bool = True
    body: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    refusals: tuple[str, ...] = field(default=())


_OPERATIONS = (
    Operation(
        "POST",
        "/v1/handshake",
        "Exchange the site's one-time token for a session cookie.",
        {201: ("The session", "Session")},
        session=False,
        body=("token",),
        refusals=("token_invalid", "token_expired", "token_replayed", "origin_refused"),
    ),
    Operation(
        "GET",
        "/v1/currencies",
        "Currencies, their terms, and what is paused and why.",
        {200: ("The currencies", "Currencies")},
    ),
    Operation(
        "POST",
        "/v1/deposits",
        "Ask for a deposit address. The unused one is given again until something arrives on it.",
        {201: ("A new address", "Deposit"), 200: ("The unused address", "Deposit")},
        body=("currency",),
        refusals=(
            "currency_unknown",
            "address_pool_empty",
            "action_not_granted",
            "csrf_invalid",
        ),
    ),
    Operation(
        "POST",
        "/v1/withdrawals",
        "Ask for a withdrawal: the address receives `amount`, the balance is debited the fee"
        " besides. The same `Idempotency-Key` again gives the first answer with"
        " `Idempotency-Replayed: true`.",
        {201: ("The payment: requested, held for a person, or refused by a rule", "Payment")},
        body=("currency", "address", "amount"),
        headers=("Idempotency-Key",),
        refusals=(
            "idempotency_key_missing",
            "idempotency_key_invalid",
            "idempotency_key_reused",
            "idempotency_key_running",
            "currency_unknown",
            "amount_invalid",
            "amount_precision",
            "amount_below_minimum",
            "address_invalid",
            "address_wrong_network",
            "address_ambiguous",
            "address_own",
            "client_blocked",
            "limit_exceeded",
            "balance_insufficient",
            "action_not_granted",
            "csrf_invalid",
        ),
    ),
    Operation(
        "POST",
        "/v1/withdrawals/{id}/cancel",
        "Take a withdrawal back before it is signed; again is the same as once.",
        {200: ("The cancelled payment", "Payment")},
        refusals=("payment_not_found", "too_late", "action_not_granted", "csrf_invalid"),
    ),
    Operation(
        "GET",
        "/v1/payments",
        "This client's payments, newest first; `after` takes `next` of the page before.",
        {200: ("A page of payments", "Payments")},
        query=("after", "limit"),
        refusals=("query_invalid",),
    ),
    Operation(
        "GET",
        "/v1/payments/{id}",
        "One payment of this client, with its history.",
        {200: ("The payment", "PaymentWithHistory")},
        refusals=("payment_not_found",),
    ),
    Operation(
        "GET",
        "/v1/balances",
        "What this client has, by currency.",
        {200: ("The balances", "Balances")},
    ),
    Operation(
        "GET",
        "/v1/feed",
        "WebSocket, `Origin` required. First `{type: hello, payments}` with the open payments, then"
        " `{type: payment, payment}` on every move and confirmation, and"
        " `{type: currencies, items}` when one is paused or resumes.",
        {101: ("The feed", None)},
        refusals=("origin_refused", "upgrade_required", "sockets_too_many"),
    ),
    Operation("GET", "/healthz", "The process runs.", {200: ("It does", None)}, session=False),
    Operation(
        "GET",
        "/readyz",
        "This process can serve; each chain's state is in the body and does not change the status.",
        {200: ("Ready", None), 503: ("The database does not answer", None)},
        session=False,
    ),
    Operation(
        "GET", "/metrics", "Figures as Prometheus text.", {200: ("Text", None)}, session=False
    ),
)

EVERYWHERE = ("rate_limited", "host_unknown", "database_error", "method_not_allowed")


def operations() -> tuple[Operation, ...]:
    """Every call, in the order in which a client meets them."""
    return _OPERATIONS


def description(config: Config) -> Schema:
    """The OpenAPI document of this installation."""
    paths: dict[str, Schema] = {}
    for operation in _OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{config.site.name} cashier",
            "version": VERSION,
            "description": "Amounts are decimal strings in whole coins, times RFC 3339 in UTC.",
        },
        "servers": [{"url": config.web.url}],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "cashier"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _operation(operation: Operation) -> Schema:
    answers: Schema = {
        str(status): _answer(meaning, schema)
        for status, (meaning, schema) in operation.answers.items()
    }
    codes = ", ".join((*operation.refusals, *EVERYWHERE))
    answers["default"] = {
        "description": f"Refused, with a stable `code`: {codes}",
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }
    found: Schema = {"summary": operation.does, "responses": answers}
    if operation.session:
        writes = operation.method != "GET"
        found["security"] = [{"session": [], "csrf": []} if writes else {"session": []}]
    parameters = [_parameter(name, "query") for name in operation.query]
    parameters += [_parameter(name, "header", required=True) for name in operation.headers]
    if "{id}" in operation.path:
        parameters.append(_parameter("id", "path", required=True))
    if parameters:
        found["parameters"] = parameters
    if operation.body:
        schema = _object(dict.fromkeys(operation.body, _TEXT), closed=True)
        content = {"application/json": {"schema": schema}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _answer(meaning: str, schema: str | None) -> Schema:
    if schema is None:
        return {"description": meaning}
    content = {"application/json": {"schema": _ref(schema)}}
    return {"description": meaning, "content": content}


def _parameter(name: str, place: str, *, required: bool = False) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": _TEXT}


_TEXT: Schema = {"type": "string"}
_MAYBE: Schema = {"type": ["string", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_MOMENT: Schema = {"type": "string", "format": "date-time"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(properties: Schema, *, closed: bool = False) -> Schema:
    found: Schema = {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
    }
    if closed:
        found["additionalProperties"] = False
    return found


def _list(name: str) -> Schema:
    return _object({"items": {"type": "array", "items": _ref(name)}, "next": _MAYBE})


def _payment() -> Schema:
    texts = dict.fromkeys(("id", "kind", "currency", "network", "state"), _TEXT)
    names = ("client", "amount", "fee", "address", "uri", "sub_state", "reason", "txid", "index")
    counts = dict.fromkeys(("confirmations", "confirmations_required"), _COUNT)
    moments = dict.fromkeys(("created_at", "updated_at"), _MOMENT)
    return {**texts, **dict.fromkeys(names, _MAYBE), **counts, **moments, "unsettled": _FLAG}


def _schemas() -> Schema:
    side = {"state": {"enum": ["open", "paused"]}, "reason": _MAYBE, "minimum": _TEXT}
    move = _object({"event": _TEXT, "from": _MAYBE, "to": _TEXT, "at": _MOMENT, "reason": _MAYBE})
    history = {"type": "array", "items": move}
    amounts = dict.fromkeys(("currency", "available", "pending", "in_transit"), _TEXT)
    return {
        "Problem": _object(
            {
                **dict.fromkeys(("type", "title", "code", "detail", "request_id"), _TEXT),
                "status": _COUNT,
            }
        ),
        "Session": _object(
            {
                **dict.fromkeys(("client", "action", "csrf"), _TEXT),
                "currency": _MAYBE,
                "currencies": {"type": "array", "items": _TEXT},
                "expires_at": _MOMENT,
            }
        ),
        "Currency": _object(
            {
                **dict.fromkeys(("symbol", "name", "network"), _TEXT),
                **dict.fromkeys(("decimals", "confirmations"), _COUNT),
                "deposits": _object(side),
                "withdrawals": _object({**side, "fee": _TEXT}),
            }
        ),
        "Currencies": _list("Currency"),
        "Payment": {
            **_object(_payment()),
            "description": f"Open while its state is one of {', '.join(OPEN_STATES)}.",
        },
        "Payments": _list("Payment"),
        "PaymentWithHistory": _object({**_payment(), "history": history}),
        "Deposit": _object({**_payment(), "minimum": _TEXT, "qr": _MAYBE}),
        "Balance": _object(amounts),
        "Balances": _list("Balance"),
    }
