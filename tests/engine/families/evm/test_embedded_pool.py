"""What the embedded chain takes, in which order it mines it, and how it stays the same chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.families.evm.embedded import acting, journal, reading
from engine.families.evm.embedded.chain import EmbeddedChain
from engine.families.evm.embedded.genesis import CHAIN_ID, GAS_LIMIT, RICH_WEI, people
from engine.families.evm.embedded.refusal import CallRefused

NOW_S = 1_790_000_000
OURS = f"0x{'0c' * 20}"
GWEI = 10**9


def _chain() -> EmbeddedChain:
    return EmbeddedChain(genesis_s=NOW_S, clock=lambda: NOW_S + 100)


def _signed(who: int = 0, /, **changes: object) -> str:
    """Signed bytes of a payment of 1 wei; `changes` to its fields."""
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": 0,
        "to": people()[9].address,
        "value": 1,
        "gas": 21_000,
        "maxFeePerGas": 3 * GWEI,
        "maxPriorityFeePerGas": GWEI,
        **changes,
    }
    return f"0x{people()[who].sign_transaction(fields).raw_transaction.hex()}"


def _send(chain: EmbeddedChain, raw: str) -> str:
    return str(acting.send_raw(chain, [raw]))


def _mined_now(chain: EmbeddedChain) -> list[str]:
    """Mine a block; the chain txs in it."""
    chain.mine()
    return [f"0x{each.hash.hex()}" for each in chain.tip.chain_txs]


def test_its_accounts_are_those_of_every_development_node() -> None:
    first = reading.METHODS["eth_accounts"](_chain(), [])[0]
    assert first == "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert int(reading.balance(_chain(), [first]), 16) == RICH_WEI


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chainId": 1}, "invalid chain id for signer: have 1 want 31337"),
        ({"gas": 20_999}, "intrinsic gas too low: gas 20999, minimum needed 21000"),
        ({"gas": GAS_LIMIT + 1}, "exceeds block gas limit"),
        ({"maxPriorityFeePerGas": 4 * GWEI}, "max priority fee per gas higher than max fee"),
        ({"value": RICH_WEI}, "insufficient funds for gas * price + value: balance 1"),
    ],
)
def test_what_could_never_be_mined_is_refused(changes: dict[str, object], words: str) -> None:
    chain = _chain()
    with pytest.raises(CallRefused) as refused:
        _send(chain, _signed(**changes))
    assert refused.value.message.startswith(words)
    assert list(chain.pool) == []


@pytest.mark.parametrize("cut", [0, 1, 2, 50, -1])
def test_bytes_that_are_no_chain_tx_are_refused(cut: int) -> None:
    raw = _signed()
    whole = bytes.fromhex(raw[2:])
    with pytest.raises(CallRefused, match="not signed bytes"):
        _send(_chain(), f"0x{whole[:cut].hex()}")


@pytest.mark.parametrize("raw", ["0x00", "0x05c0", "0x7f00", "0xc0", "0x02c0", "0x02" + "ff" * 40])
def test_bytes_of_no_known_type_are_refused(raw: str) -> None:
    with pytest.raises(CallRefused, match="not signed bytes"):
        _send(_chain(), raw)


def test_the_same_bytes_wait_once_and_are_mined_once() -> None:
    chain = _chain()
    txid = _send(chain, _signed())
    with pytest.raises(CallRefused, match="already known"):
        _send(chain, _signed())
    assert _mined_now(chain) == [txid]
    with pytest.raises(CallRefused, match="nonce too low: next nonce 1, tx nonce 0"):
        _send(chain, _signed())


def test_all_that_is_due_of_one_sender_is_mined_in_one_block() -> None:
    chain = _chain()
    txids = [_send(chain, _signed(nonce=nonce)) for nonce in (2, 0, 1, 4)]
    assert _mined_now(chain) == [txids[1], txids[2], txids[0]]
    assert reading.pool_status(chain, []) == {"pending": "0x0", "queued": "0x1"}


def test_who_pays_more_is_mined_first() -> None:
    chain = _chain()
    low = _send(chain, _signed(0, maxPriorityFeePerGas=1))
    high = _send(chain, _signed(1, maxPriorityFeePerGas=2))
    assert _mined_now(chain) == [high, low]


def test_a_block_holds_as_much_gas_as_it_may() -> None:
    chain = _chain()
    big = [_send(chain, _signed(who, gas=GAS_LIMIT - 30_000)) for who in range(2)]
    # Gas that is not used makes room again, but must have been free to begin with.
    assert _mined_now(chain) == big
    spender = [_send(chain, _signed(who, nonce=1, gas=GAS_LIMIT - 10_000)) for who in range(2)]
    assert _mined_now(chain) == spender[:1]
    assert _mined_now(chain) == spender[1:]


def test_a_replacement_pays_a_tenth_more_in_both_fees() -> None:
    chain = _chain()
    _send(chain, _signed())
    with pytest.raises(CallRefused, match="replacement transaction underpriced"):
        _send(chain, _signed(value=2, maxFeePerGas=4 * GWEI))
    bumped = _signed(value=2, maxFeePerGas=33 * GWEI // 10, maxPriorityFeePerGas=11 * GWEI // 10)
    txid = _send(chain, bumped)
    assert _mined_now(chain) == [txid]


def test_what_pays_less_than_the_base_fee_waits_for_cheaper_blocks() -> None:
    chain = _chain()
    base_fee = reading.next_base_fee(chain)
    fees = {"maxFeePerGas": base_fee * 9 // 10, "maxPriorityFeePerGas": 0}
    txid = _send(chain, _signed(**fees))
    assert _mined_now(chain) == []
    assert _mined_now(chain) == [txid]


def test_who_has_become_too_poor_is_passed_over() -> None:
    chain = _chain()
    half = RICH_WEI * 6 // 10
    first = _send(chain, _signed(nonce=0, value=half))
    _send(chain, _signed(nonce=1, value=half))
    other = _send(chain, _signed(1))
    assert set(_mined_now(chain)) == {first, other}


def test_it_is_the_same_chain_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "chain.jsonl"
    chain = journal.load(file, clock=lambda: NOW_S)
    _send(chain, _signed(nonce=0))
    chain.mine()
    chain.mine()
    chain.go_back(1)
    chain.recipient = bytes.fromhex(OURS[2:])
    _send(chain, _signed(nonce=1))
    chain.mine()
    again = journal.load(file, clock=lambda: NOW_S + 1_000)
    assert [block.hash for block in again.blocks] == [block.hash for block in chain.blocks]
    assert int(reading.balance(again, [OURS]), 16) > 0
    again.mine()
    assert journal.load(file, clock=lambda: NOW_S).tip.hash == again.tip.hash


def test_a_line_that_a_crash_cut_off_never_happened(tmp_path: Path) -> None:
    file = tmp_path / "chain.jsonl"
    chain = journal.load(file, clock=lambda: NOW_S)
    chain.mine()
    kept = chain.tip.hash
    chain.mine()
    file.write_bytes(file.read_bytes()[:-5])
    again = journal.load(file, clock=lambda: NOW_S)
    assert again.tip.hash == kept
    again.mine()
    assert journal.load(file, clock=lambda: NOW_S).tip.hash == again.tip.hash
