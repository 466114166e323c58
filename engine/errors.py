"""The error tree. `str(error)` may be shown to a client; `.detail` is for log and console only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration: where it stands, what is wrong, what to do."""

    key: str
    what: str
    cure: str = ""

    def __str__(self) -> str:
        text = f"{self.key}: {self.what}" if self.key else self.what
        return f"{text}; {self.cure}" if self.cure else text


class CashierError(Exception):
    """Every error that we raise on purpose.

    `code` is stable and public (problem+json, exit messages); `detail` may hold node replies or
    paths and is never sent to a client.
    """

    code: ClassVar[str] = "cashier_error"

    def __init__(self, message: str, *, detail: str = "") -> None:
        super().__init__(message)
        self.detail = detail or message


class ConfigError(CashierError):
    """cashier.toml cannot be used; `problems` names everything that is wrong with it at once."""

    code = "config_invalid"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"cashier.toml: {problem}" for problem in problems))


class AmountError(CashierError):
    """An amount that is not of the one accepted form: `amount_invalid` or `amount_precision`."""

    code = "amount_invalid"

    def __init__(self, message: str, *, code: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code  # type: ignore[misc]  # one class, two public codes


class DatabaseError(CashierError):
    """The database cannot be used as it is."""

    code = "database_error"


class SchemaError(DatabaseError):
    """Tables and program do not fit: `cashier migrate` was not run, or a newer program was."""

    code = "schema_mismatch"


class LifecycleError(CashierError):
    """A move that the lifecycle does not know from this state."""

    code = "illegal_move"


class StaleState(LifecycleError):
    """The payment moved meanwhile: the compare-and-set found another state."""

    code = "state_changed"


class LedgerError(CashierError):
    """An entry that does not sum to zero, or a balance that would pass its bound."""

    code = "ledger_error"


class BalanceInsufficient(LedgerError):
    """A debit that the account cannot bear."""

    code = "balance_insufficient"


class LeaseLost(CashierError):
    """Another engine holds this chain now; whatever this one was about to write is rolled back."""

    code = "lease_lost"


class EngineStopping(CashierError):
    """The engine was told to stop: what is not committed yet is left for the next start."""

    code = "engine_stopping"


class NodeError(CashierError):
    """The node did not give a usable answer. Nothing about the chain follows from it."""

    code = "node_error"


class NodeDown(NodeError):
    """No connection, a time-out, a cut or malformed reply, or a node that is still starting."""

    code = "node_down"


class NodeForbids(NodeDown):
    """The node lets our user not make this call: HTTP 403, as by its `rpcwhitelist`."""

    code = "node_forbids"


class NodeRefused(NodeError):
    """The node answered with an error of its own; `rpc_code` is its number."""

    code = "node_refused"

    def __init__(self, message: str, *, rpc_code: int, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.rpc_code = rpc_code


class UnknownCursor(NodeError):
    """The node does not know the block that we followed last."""

    code = "unknown_cursor"


class OffChain(UnknownCursor):
    """The block that we followed last is not on the node's active chain, and the node keeps no
    other: an older one of ours may be."""

    code = "off_chain"


class TipMoved(NodeError):
    """The node's tip is not, or no longer, the block that it was asked about."""

    code = "tip_moved"


class RowsMoved(TipMoved):
    """Our own rows are not, or no longer, those of the block that they are compared at."""

    code = "rows_moved"


class CurrencyUnknown(CashierError):
    """No currency of this symbol is configured."""

    code = "currency_unknown"


class AddressPoolEmpty(CashierError):
    """No unused address is ready; the engine makes new ones when its node is well."""

    code = "address_pool_empty"


class PaymentNotFound(CashierError):
    """No payment with this id (for this client)."""

    code = "payment_not_found"


class WithdrawalRefused(CashierError):
    """A withdrawal that is not accepted: `amount_below_minimum`, `address_invalid`,
    `address_wrong_network`, `address_ambiguous`, `address_own`, `client_blocked`,
    `limit_exceeded`."""

    code = "withdrawal_refused"

    def __init__(self, message: str, *, code: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code  # type: ignore[misc]  # one class, a column of public codes


class TooLate(CashierError):
    """What was asked for can no longer be stopped."""

    code = "too_late"


class KeyReused(CashierError):
    """An idempotency key that another request was made with."""

    code = "idempotency_key_reused"


class StillRunning(CashierError):
    """The first request with this idempotency key has no answer yet."""

    code = "idempotency_key_running"


class TokenRejected(CashierError):
    """A handshake that proves nothing: `token_invalid`, `token_expired` or `token_replayed`."""

    code = "token_invalid"

    def __init__(self, message: str, *, code: str, detail: str = "") -> None:
        super().__init__(message, detail=detail)
        self.code = code  # type: ignore[misc]  # one class, three public codes


class OrderRefused(CashierError):
    """The engine did not carry out an order; the message says why."""

    code = "order_refused"


class EngineAbsent(CashierError):
    """An order needs the engine, and none showed a sign of life or answered in time."""

    code = "engine_absent"


class ActRefused(CashierError):
    """A staff act that this person may not do, or that cannot be done as things are now."""

    code = "act_refused"


class DeliveryFailed(CashierError):
    """A message of ours was not taken, as far as we know: it is sent again later."""

    code = "delivery_failed"


class SigningFailed(CashierError):
    """OpenSSH made no signature: no such key, no agent, or a person who did not confirm."""

    code = "signing_failed"


class AuditError(CashierError):
    """Histories, a seal or a file of either cannot be used as the audit trail needs them."""

    code = "audit_error"
