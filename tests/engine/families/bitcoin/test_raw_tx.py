"""Signed bytes are read as nodes read them, and what is cut, padded or no chain tx is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.families.bitcoin.raw_tx import read_raw
from engine.families.bitcoin.values import OddValue, units_of
from tests.nodes.litecoind import Litecoind

# Bitcoin's first payment from one person to another, in block 170.
FIRST = (
    "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402"
    "204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4"
    "acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b"
    "13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1ba"
    "ded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482e"
    "cad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000"
)


def test_a_chain_tx_without_witnesses_is_read() -> None:
    told = read_raw(FIRST)
    assert told.txid == "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
    assert told.inputs == (("0437cd7f8525ceed2324359c2d0ba26006d92d856a9c20fa0241106ee5a597c9", 0),)
    assert [units for units, _ in told.outputs] == [10 * 10**8, 40 * 10**8]
    assert told.outputs[0][1].startswith("4104ae1a62fe")
    assert told.size == len(FIRST) // 2


@pytest.mark.node
def test_a_node_reads_the_same_from_chain_txs_of_every_kind(litecoind: Litecoind) -> None:
    kinds = ("bech32", "p2sh-segwit", "legacy")
    addresses = [str(litecoind.cashier("getnewaddress", "", kind)) for kind in kinds]
    paid = litecoind.pay_many(dict.fromkeys(addresses, "0.5"))
    litecoind.mine(1)
    mixed = litecoind.cashier("listunspent", 1, 9_999_999, addresses)
    spends = [{"txid": each["txid"], "vout": each["vout"]} for each in mixed]
    outputs = {litecoind.stranger(): "1", str(litecoind.cashier("getnewaddress")): "0.4"}
    unsigned = litecoind.rpc("createrawtransaction", spends, outputs)
    signed = litecoind.cashier("signrawtransactionwithwallet", unsigned)["hex"]
    for raw in (litecoind.raw(paid), signed):
        decoded, told = litecoind.rpc("decoderawtransaction", raw), read_raw(raw)
        assert (told.txid, told.size) == (decoded["txid"], decoded["vsize"])
        assert list(told.inputs) == [(each["txid"], each["vout"]) for each in decoded["vin"]]
        assert list(told.outputs) == [
            (units_of(each["value"], 8), each["scriptPubKey"]["hex"]) for each in decoded["vout"]
        ]
    assert len(mixed) == len(kinds)


@pytest.mark.parametrize("length", range(0, len(FIRST), 14))
def test_bytes_that_are_cut_off_are_no_chain_tx(length: int) -> None:
    with pytest.raises(OddValue, match="no chain tx"):
        read_raw(FIRST[:length])


@pytest.mark.parametrize("odd", ["zz", FIRST + "00", "00" * 60, "ff" * 60, "ff" * 4 + "fe" * 90])
def test_what_is_no_chain_tx_is_refused(odd: str) -> None:
    with pytest.raises(OddValue, match="no chain tx"):
        read_raw(odd)


@given(st.binary(max_size=200))
def test_no_bytes_at_all_break_the_reader(data: bytes) -> None:
    try:
        told = read_raw(data.hex())
    except OddValue:
        return
    assert told.inputs
    assert told.outputs
