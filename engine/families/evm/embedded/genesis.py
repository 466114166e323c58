"""The first block of the embedded chain: ten rich accounts whose keys everybody knows."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth.abc import BlockHeaderAPI
from eth.chains.base import MiningChain
from eth.constants import POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, POST_MERGE_NONCE
from eth.db.atomic import AtomicDB
from eth.db.backends.memory import MemoryDB
from eth.vm.forks.prague import PragueVM
from eth_account import Account
from eth_account.hdaccount import seed_from_mnemonic
from eth_account.hdaccount.deterministic import HDPath
from eth_account.signers.local import LocalAccount
from eth_typing import Address

CHAIN_ID = 31337
GAS_LIMIT = 30_000_000
RICH_WEI = 10_000 * 10**18
# The words, and so the accounts, that anvil and other development nodes have, too.
MNEMONIC = " ".join(["test"] * 11 + ["junk"])
ACCOUNTS = 10


class DevelopmentChain(MiningChain):
    """Blocks of one size under the rules of one fork."""

    chain_id = CHAIN_ID
    vm_configuration = ((0, PragueVM),)  # type: ignore[assignment]  # a BlockNumber is an int

    def create_header_from_parent(
        self, parent_header: BlockHeaderAPI, **header_params: Any
    ) -> BlockHeaderAPI:
        return super().create_header_from_parent(
            parent_header, **{**header_params, "gas_limit": parent_header.gas_limit}
        )


@cache
def people() -> tuple[LocalAccount, ...]:
    """The rich accounts, in the order of `eth_accounts`."""
    seed = seed_from_mnemonic(MNEMONIC, "")
    keys = (HDPath(f"m/44'/60'/0'/0/{at}").derive(seed) for at in range(ACCOUNTS))
    return tuple(Account.from_key(key) for key in keys)


def first_chain(time_s: int) -> DevelopmentChain:
    """A chain that has its first block only, made at `time_s` in unix seconds."""
    rich = {"balance": RICH_WEI, "nonce": 0, "code": b"", "storage": {}}
    params = {
        "coinbase": Address(bytes(20)),
        "difficulty": POST_MERGE_DIFFICULTY,
        "extra_data": b"",
        "gas_limit": GAS_LIMIT,
        "mix_hash": POST_MERGE_MIX_HASH,
        "nonce": POST_MERGE_NONCE,
        "timestamp": time_s,
    }
    state = {Address(bytes.fromhex(each.address[2:])): rich for each in people()}
    chain = DevelopmentChain.from_genesis(AtomicDB(MemoryDB()), params, state)  # type: ignore[arg-type]  # as py-evm's own tests call it
    assert isinstance(chain, DevelopmentChain)
    return chain
