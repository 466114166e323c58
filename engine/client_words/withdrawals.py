"""What a client reads of a withdrawal: each state as what happened, what it means, what to do."""

from __future__ import annotations

from engine.client_words.figures import figures
from engine.client_words.story import Step, Story, duration_words, line_of
from engine.client_words.told import is_told_hold
from engine.config import Currency
from engine.money import format_amount
from engine.queries import PaymentView
from engine.sender.by_nonce.settle import FAILED

NOTHING = "Nothing to do: it goes on by itself."
_CAME = {"held": 1, "refused": 1, "cancelled": 1, "failed": 2}


def steps(view: PaymentView) -> tuple[Step, ...]:
    """The line of states with this withdrawal's place in it."""
    return line_of(view, came=_CAME.get(view.state, 1))


def story(view: PaymentView, currency: Currency | None, *, returned: int | None = None) -> Story:
    """The story of a withdrawal now; `returned` units came back of one that failed on chain."""
    if view.state == "requested":
        return _requested(view, currency)
    if view.state == "held":
        return _held(view, currency)
    if view.state == "pending":
        return _pending(view, currency)
    if view.state == "credited":
        return _credited(view)
    if view.state == "refused":
        return _refused(view)
    if view.state == "failed":
        return _failed(view, returned)
    return _OTHERS.get(view.state, Story(view.state, view.reason, "", "wait"))


def total_words(view: PaymentView) -> str:
    """What was debited, `1.001 LTC`; empty where the currency is configured no longer."""
    if view.units is None:
        return ""
    return _amount(view.units + (view.fee_units or 0), view)


def _set_aside(view: PaymentView) -> str:
    return f"{total_words(view)} are set aside for it, the fee included"


def _requested(view: PaymentView, currency: Currency | None) -> Story:
    if view.sub_state == "sending":
        return Story(
            "Being sent",
            "Your withdrawal is signed and on its way to the network.",
            NOTHING,
            "wait",
        )
    if view.sub_state == "waiting" and view.reason:
        return Story(
            "Waiting to be sent",
            f"{_set_aside(view)}. It waits: {waits_for(view.reason)}.",
            f"{NOTHING} Until it is sent you can cancel it.",
            "care",
        )
    meaning = f"{_set_aside(view)}. It is sent by itself, usually {_soon(currency)}."
    return Story("Accepted", meaning, "Nothing to do. Until then you can cancel it.", "wait")


def _soon(currency: Currency | None) -> str:
    """How long a withdrawal waits that nothing holds up. Only some families wait for more of
    them, to send several at once."""
    if currency is None:
        return "soon"
    wait = currency.poll if currency.family == "evm" else currency.batch.every
    return f"within {max(round(wait), 10)} seconds"


def waits_for(reason: str) -> str:
    """Why nothing was signed yet, in words that mean something to whoever waits. These words stay
    as they are."""
    if reason in WAITING_WORDS:
        return reason
    for sign, words in _WAITS:
        if sign in reason:
            return words
    return "the cashier cannot send it at this moment"


# Parts of the sender's and the node's reasons. What is not here is not for clients.
_WAITS = (
    ("funds in the hot wallet", "the cashier's wallet is being filled up"),
    ("to pay the network's fee", "the cashier's wallet is being filled up"),
    ("lock", "the cashier's wallet has to be unlocked"),
    ("passphrase", "the cashier's wallet has to be unlocked"),
    ("fee", "the network's fees are unusually high"),
    ("paused", "withdrawals are paused"),
    ("books", "the cashier checks its books first"),
    ("sync", "our node is catching up with the network"),
    ("catching up", "our node is catching up with the network"),
    ("node", "our node does not answer"),
)
WAITING_WORDS = frozenset(words for _, words in _WAITS)


def _held(view: PaymentView, currency: Currency | None) -> Story:
    why = f": {view.reason}" if is_told_hold(view.kind, view.reason, currency) else ""
    return Story(
        "Waiting for a person",
        f"{_set_aside(view)}. Someone has to look at it first{why}.",
        "Nothing to do now. Until it is sent you can cancel it.",
        "care",
    )


def _pending(view: PaymentView, currency: Currency | None) -> Story:
    if view.reason == FAILED:
        return Story(
            "Not paid, and on its way back",
            "The network took the withdrawal and did not pay it. As soon as no rewritten block can"
            " change that any more, it comes back into your balance.",
            NOTHING,
            "care",
        )
    if not view.confirmations:
        dear = " The network's fees have risen since: it may take longer." if _is_dear(view) else ""
        way = f"Your coins are on their way into a block.{dear}"
        return Story("Sent", way, NOTHING, "wait")
    missing = max(0, view.confirmations_required - view.confirmations)
    waiting = ""
    if currency is not None and missing:
        waiting = f", usually {duration_words(missing * currency.coin.block_s)} more"
    return Story(
        "In a block",
        f"{view.confirmations} of {view.confirmations_required} confirmations{waiting}.",
        NOTHING,
        "wait",
    )


def _is_dear(view: PaymentView) -> bool:
    """Whether more would have to be offered to the network than the house's caps allow."""
    return "fee" in view.reason


def _credited(view: PaymentView) -> Story:
    if view.unsettled:
        return Story(
            "Done, and watched again",
            "The network is rewriting its last blocks. We watch your withdrawal come back into a"
            " block, and send the same coins again if they need it.",
            "Nothing to do.",
            "care",
        )
    return Story("Done", "The coins are at the address that you gave.", "", "good")


def _refused(view: PaymentView) -> Story:
    why = f": {view.reason}" if view.reason else ""
    return Story(
        "Not sent",
        f"This withdrawal was not carried out{why}. Amount and fee are back in your balance.",
        "Ask the site's support if you do not know why.",
        "bad",
    )


_OTHERS = {
    "confirmed": Story(
        "Confirmed", "Your withdrawal has all its confirmations.", "Nothing to do.", "wait"
    ),
    "cancelled": Story(
        "Cancelled", "Nothing was sent. Amount and fee are back in your balance.", "", "good"
    ),
}


def _failed(view: PaymentView, returned: int | None) -> Story:
    back = "The amount is back in your balance"
    if returned is not None and view.units is not None:
        back = f"{_amount(returned, view)} are back in your balance"
        kept = view.units + (view.fee_units or 0) - returned
        back += f"; {_amount(kept, view)} of the fee are kept" if kept > 0 else ", the fee included"
        back += ", because the network took its own fee all the same" if kept > 0 else ""
    return Story(
        "Ended without paying",
        f"The network took the withdrawal and did not pay it: nothing reached the address. {back}.",
        f"Find out whether the wallet that receives takes {view.currency} at all before you ask"
        " again. The site's support can tell more: give them the payment's number.",
        "bad",
    )


def _amount(units: int, view: PaymentView) -> str:
    return f"{format_amount(units, view.decimals)} {view.currency}"


def fee_words(currency: Currency) -> str:
    """What a withdrawal costs the client."""
    if not currency.withdrawal.fee:
        return "No fee."
    fee = format_amount(currency.withdrawal.fee, currency.decimals)
    return f"Fee {fee} {currency.symbol}, added to the amount; the address gets the whole amount."


def minimum_words(currency: Currency) -> str:
    """The smallest withdrawal."""
    least = format_amount(currency.least_withdrawal, currency.decimals)
    return f"Minimum {least} {currency.symbol}."


def limit_words(currency: Currency) -> tuple[str, ...]:
    """What bounds or delays a withdrawal: said before, not after."""
    limits = currency.withdrawal
    said = []
    if limits.daily_limit is not None:
        most = format_amount(limits.daily_limit, currency.decimals)
        said.append(f"At most {most} {currency.symbol} in 24 hours.")
    if limits.approve_above is not None:
        above = format_amount(limits.approve_above, currency.decimals)
        said.append(f"More than {above} {currency.symbol} at once waits for a person.")
    if limits.hold_new_address:
        said.append("The first withdrawal to an address waits for a person.")
    return tuple(said)


def pause_words(symbol: str, reason: str) -> str:
    """Why nothing is sent now, and that a wish is taken all the same."""
    why = f": {reason}" if reason else ""
    return f"Withdrawals of {symbol} are paused{why}."


def exact(currency: Currency, *amounts: int) -> tuple[str, ...]:
    """Amounts as figures that stand under each other."""
    return tuple(f"{text} {currency.symbol}" for text in figures(amounts, currency.decimals))
