"""The calls that run code without leaving a trace: eth_call and eth_estimateGas."""

from __future__ import annotations

from typing import Any, cast

from eth.abc import SignedTransactionAPI
from eth.estimators.gas import binary_gas_search
from eth.exceptions import Revert, VMError
from eth.vm.spoof import SpoofTransaction
from eth_abi import abi
from eth_abi.exceptions import DecodingError
from eth_typing import Address
from eth_utils.exceptions import ValidationError

from engine.families.evm.embedded.chain import EmbeddedChain, Mined
from engine.families.evm.embedded.params import data, param, quantity, state_block
from engine.families.evm.embedded.refusal import BAD_PARAMS, REVERTED, CallRefused
from engine.families.evm.embedded.shapes import hexed

TOLERANCE_GAS = 500
_REASON = bytes.fromhex("08c379a0")  # Error(string), by which Solidity tells why


def call(chain: EmbeddedChain, params: list[Any]) -> Any:
    """What a function of a contract returns, in the state of a block."""
    block = state_block(chain, param(params, 1, "latest"))
    try:
        asked = _asked(chain, block, params)
        return hexed(chain.evm.get_transaction_result(asked, block.header))
    except (VMError, ValidationError) as error:
        raise _refusal(error) from None


def estimate(chain: EmbeddedChain, params: list[Any]) -> Any:
    """Gas that a chain tx needs, rather more than less."""
    block = state_block(chain, param(params, 1, "latest"))
    with chain.evm.get_vm(block.header).in_costless_state() as state:
        try:
            asked = _asked(chain, block, params)
            gas = binary_gas_search(state, asked, tolerance=TOLERANCE_GAS)
        except (VMError, ValidationError) as error:
            raise _refusal(error) from None
    return hex(gas)


def _asked(chain: EmbeddedChain, block: Mined, params: list[Any]) -> SignedTransactionAPI:
    """The chain tx of a call, unsigned and free of charge."""
    wanted = param(params, 0)
    if not isinstance(wanted, dict):
        raise CallRefused("invalid argument 0: not a call", code=BAD_PARAMS)
    given = {key: value for key, value in wanted.items() if value is not None}
    gas = quantity(given.get("gas", block.header.gas_limit))
    sender = Address(data(given.get("from", f"0x{'0' * 40}"), size=20))
    unsigned = chain.evm.create_unsigned_transaction(
        nonce=chain.state(block).get_nonce(sender),
        gas_price=0,
        gas=min(gas, block.header.gas_limit),
        to=Address(data(given["to"], size=20) if "to" in given else b""),
        value=quantity(given.get("value", 0)),
        data=data(given.get("input", given.get("data", "0x"))),
    )
    return cast("SignedTransactionAPI", SpoofTransaction(unsigned, from_=sender))


def _refusal(error: Exception) -> CallRefused:
    if not isinstance(error, Revert):
        return CallRefused(str(error) or type(error).__name__)
    output = error.args[0] if error.args else b""
    if output[:4] != _REASON:
        return CallRefused("execution reverted", code=REVERTED, data=hexed(output))
    try:
        (reason,) = abi.decode(["string"], output[4:])
    except DecodingError:
        reason = "?"
    return CallRefused(f"execution reverted: {reason}", code=REVERTED, data=hexed(output))
