"""What waits for a block: which signed bytes are taken, and which are due next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from eth.abc import SignedTransactionAPI

from engine.families.evm.embedded.genesis import CHAIN_ID, GAS_LIMIT
from engine.families.evm.embedded.refusal import CallRefused

BUMP_PERCENT = 10
BLOB_TYPE = 3


class Pool:
    """Chain txs by sender and nonce. Gaps are kept until they are filled."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, dict[int, SignedTransactionAPI]] = {}

    def __iter__(self) -> Iterator[SignedTransactionAPI]:
        """Everything that waits, by sender and nonce."""
        for by_nonce in self._waiting.values():
            for nonce in sorted(by_nonce):
                yield by_nonce[nonce]

    def find(self, txid: bytes) -> SignedTransactionAPI | None:
        return next((each for each in self if each.hash == txid), None)

    def take(self, chain_tx: SignedTransactionAPI, *, nonce: int, balance: int) -> None:
        """Let it wait. `nonce` and `balance` in wei are its sender's. Raises CallRefused."""
        _check_form(chain_tx)
        if self.find(chain_tx.hash) is not None:
            raise CallRefused("already known")
        if chain_tx.nonce < nonce:
            raise CallRefused(f"nonce too low: next nonce {nonce}, tx nonce {chain_tx.nonce}")
        cost = chain_tx.gas * chain_tx.max_fee_per_gas + chain_tx.value
        if cost > balance:
            raise CallRefused(
                "insufficient funds for gas * price + value:"
                f" balance {balance}, tx cost {cost}, overshot {cost - balance}"
            )
        by_nonce = self._waiting.setdefault(chain_tx.sender, {})
        old = by_nonce.get(chain_tx.nonce)
        if old is not None and not _outbids(chain_tx, old):
            raise CallRefused("replacement transaction underpriced")
        by_nonce[chain_tx.nonce] = chain_tx

    def drop(self, txid: bytes) -> bool:
        """Forget one; whether it was there."""
        found = self.find(txid)
        if found is not None:
            del self._waiting[found.sender][found.nonce]
        return found is not None

    def clear(self) -> None:
        self._waiting.clear()

    def forget_before(self, sender: bytes, nonce: int) -> None:
        """What has a nonce below the sender's can never be mined any more."""
        by_nonce = self._waiting.get(sender, {})
        for old in [each for each in by_nonce if each < nonce]:
            del by_nonce[old]

    def next_nonce(self, sender: bytes, nonce: int) -> int:
        """The first nonce from `nonce` on that nothing here has."""
        by_nonce = self._waiting.get(sender, {})
        while nonce in by_nonce:
            nonce += 1
        return nonce

    def is_due(self, chain_tx: SignedTransactionAPI, nonce: int) -> bool:
        """Whether nothing is missing before it when its sender's next nonce is `nonce`."""
        return nonce <= chain_tx.nonce < self.next_nonce(chain_tx.sender, nonce)

    def due(
        self, nonce_of: Callable[[bytes], int], *, base_fee: int, without: set[bytes]
    ) -> SignedTransactionAPI | None:
        """Which pays the miner most of those whose turn it is; `without` names senders to pass
        over. `base_fee` in wei."""
        heads = [
            by_nonce[nonce]
            for sender, by_nonce in self._waiting.items()
            if sender not in without and (nonce := nonce_of(sender)) in by_nonce
        ]
        payable = [each for each in heads if each.max_fee_per_gas >= base_fee]
        return max(payable, key=lambda each: _priority(each, base_fee), default=None)


def _priority(chain_tx: SignedTransactionAPI, base_fee: int) -> int:
    return min(chain_tx.max_priority_fee_per_gas, chain_tx.max_fee_per_gas - base_fee)


def _outbids(new: SignedTransactionAPI, old: SignedTransactionAPI) -> bool:
    pairs = (
        (new.max_fee_per_gas, old.max_fee_per_gas),
        (new.max_priority_fee_per_gas, old.max_priority_fee_per_gas),
    )
    return all(100 * bid >= (100 + BUMP_PERCENT) * held for bid, held in pairs)


def _check_form(chain_tx: SignedTransactionAPI) -> None:
    """What can be said of a chain tx without its sender's state. Raises CallRefused."""
    if chain_tx.chain_id not in {None, CHAIN_ID}:
        raise CallRefused(f"invalid chain id for signer: have {chain_tx.chain_id} want {CHAIN_ID}")
    if getattr(chain_tx, "type_id", 0) == BLOB_TYPE:
        raise CallRefused("transaction type not supported")
    if chain_tx.gas > GAS_LIMIT:
        raise CallRefused("exceeds block gas limit")
    if chain_tx.gas < chain_tx.intrinsic_gas:
        raise CallRefused(
            f"intrinsic gas too low: gas {chain_tx.gas}, minimum needed {chain_tx.intrinsic_gas}"
        )
    if chain_tx.max_priority_fee_per_gas > chain_tx.max_fee_per_gas:
        raise CallRefused("max priority fee per gas higher than max fee per gas")
