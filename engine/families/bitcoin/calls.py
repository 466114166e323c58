"""Which calls to a node the engine makes, and what for: the whitelist that docs/nodes.md tells."""

from __future__ import annotations

DEPOSITS = frozenset(
    {
        "decoderawtransaction",
        "getaddressinfo",
        "getbalances",
        "getbestblockhash",
        "getblockchaininfo",
        "getblockhash",
        "getblockheader",
        "getmempoolentry",
        "getnetworkinfo",
        "getnewaddress",
        "getrawmempool",
        "getrawtransaction",
        "gettransaction",
        "gettxout",
        "getwalletinfo",
        "listlockunspent",
        "listsinceblock",
        "listunspent",
        "validateaddress",
    }
)
WITHDRAWALS = frozenset(
    {
        "createrawtransaction",
        "estimatesmartfee",
        "getmempoolinfo",
        "getrawchangeaddress",
        "sendrawtransaction",
        "signrawtransactionwithwallet",
        "testmempoolaccept",
        "walletlock",
        "walletpassphrase",
    }
)
# Where no wallet of the node is known to watch the cold address.
COLD = frozenset({"listwallets", "scantxoutset"})

# Those of withdrawals that only an encrypted wallet needs.
UNLOCKING = frozenset({"walletlock", "walletpassphrase"})
# A node that does not know these is followed and pays without them.
SPARED = frozenset(
    {
        *("estimatesmartfee", "getaddressinfo", "getbalances"),
        *("listwallets", "scantxoutset", "testmempoolaccept"),
    }
)
# They act when they are called without arguments. All others then only tell something, or refuse.
ACTING = frozenset({"getnewaddress", "getrawchangeaddress", "walletlock"})
