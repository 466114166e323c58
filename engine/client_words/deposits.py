"""What a client reads: each state of a deposit as what happened, what it means, what to do.

Numbers and names come from the payment; the sentences are here and nowhere else.
"""

from __future__ import annotations

from engine.client_words.figures import figure
from engine.client_words.story import Step, Story, duration_words, line_of
from engine.client_words.told import brake_reason, is_told_hold
from engine.clock import parse_rfc3339
from engine.config import Currency
from engine.deposits.rules import HELD_BELOW_MINIMUM
from engine.money import format_amount
from engine.queries import PaymentView


def blocks(count: int) -> str:
    """`1 confirmation`, `3 confirmations`."""
    return f"{count} confirmation{'' if count == 1 else 's'}"


def confirmation_words(currency: Currency) -> str:
    """When a deposit is credited: the number of confirmations, by amount where that matters."""
    steps = currency.confirmations.steps
    most = duration_words(currency.confirmations.most * currency.coin.block_s)
    if currency.confirmations.finalized:
        return f"Credited when the network calls it final, usually after {most}."
    if len(steps) == 1:
        return f"Credited after {blocks(steps[0][0])}, usually {most}."
    parts = [
        f"{depth} up to {format_amount(bound, currency.decimals)} {currency.symbol}"
        for depth, bound in steps
        if bound is not None
    ]
    return f"Confirmations needed: {', '.join(parts)}, else {steps[-1][0]} ({most})."


def sighting_words(currency: Currency | None) -> str:
    """When a payment is seen first. Nodes of some families tell of none before it is in a block."""
    if currency is None or currency.family != "evm":
        return "A payment shows here within seconds of being sent."
    usually = duration_words(2 * currency.coin.block_s)
    return f"A payment shows here as soon as it is in a block, usually within {usually}."


def minimum_words(currency: Currency) -> str:
    """The smallest deposit, and what becomes of a smaller one."""
    if not currency.deposit_minimum:
        return "Any amount."
    least = f"{format_amount(currency.deposit_minimum, currency.decimals)} {currency.symbol}"
    if currency.below_minimum == "accumulate":
        return f"Minimum {least}; smaller amounts are added up until they reach it."
    return f"Minimum {least}; less is not credited by itself."


def _least(currency: Currency | None) -> str:
    if currency is None:
        return "they are below the minimum"
    least = format_amount(currency.deposit_minimum, currency.decimals)
    return f"the minimum is {least} {currency.symbol}"


def amount_words(view: PaymentView) -> str:
    """The amount as a figure, so that amounts stand under each other; empty before there is one."""
    if view.units is None:
        return ""
    return f"{figure(view.units, view.decimals)} {view.currency}"


def waiting_words(view: PaymentView, currency: Currency | None) -> str:
    """How many confirmations are missing and how long that usually takes."""
    missing = max(0, view.confirmations_required - view.confirmations)
    if currency is None or not missing:
        return ""
    return f"usually {duration_words(missing * currency.coin.block_s)} more"


def story(view: PaymentView, currency: Currency | None) -> Story:
    """The story of a deposit now."""
    if view.state == "requested":
        meaning = f"Nothing has been seen yet. {sighting_words(currency)}"
        return Story("Waiting for your coins", meaning, "", "wait")
    if view.state == "pending":
        return _pending(view, currency)
    if view.state == "credited":
        return _credited(view)
    if view.state == "held":
        return _held(view, currency)
    if view.state == "refused":
        return _refused(view)
    if view.state == "confirmed" and view.sub_state == "paused":
        return _waiting_for_us(view)
    return _OTHERS.get(view.state, Story(view.state, view.reason, "", "wait"))


def _pending(view: PaymentView, currency: Currency | None) -> Story:
    if view.sub_state == "not_in_mempool":
        return Story(
            "Out of sight for the moment",
            "Our node does not see your payment now. Nothing is lost: it counts as soon as it is"
            " in a block.",
            "If it was sent with a very low fee, your wallet may have to send it again.",
            "care",
        )
    if view.sub_state == "immature":
        return Story(
            "Newly mined coins",
            f"Such coins can only be used when they are older; {_so_far(view)}.",
            "Nothing to do: they are credited by themselves.",
            "wait",
        )
    if not view.confirmations:
        return Story(
            "Seen on the network",
            "Your payment is on its way into a block.",
            "Nothing to do: it is credited by itself.",
            "wait",
        )
    waiting = waiting_words(view, currency)
    if currency is not None and currency.confirmations.finalized:
        so_far = f"{blocks(view.confirmations)} so far; the network has to call it final"
        return Story(
            "In a block",
            f"{so_far}{', ' if waiting else ''}{waiting}.",
            "Nothing to do: it is credited by itself.",
            "wait",
        )
    return Story(
        "In a block",
        f"{_so_far(view)}{', ' if waiting else ''}{waiting}.",
        "Nothing to do: it is credited by itself.",
        "wait",
    )


def _so_far(view: PaymentView) -> str:
    return f"{view.confirmations} of {blocks(view.confirmations_required)}"


def _credited(view: PaymentView) -> Story:
    if view.unsettled:
        return Story(
            "Credited, and watched again",
            "The network is rewriting its last blocks. The amount stays in your balance while we"
            " watch your payment come back into a block.",
            "Nothing to do.",
            "care",
        )
    return Story("Credited", "The amount is in your balance.", "", "good")


def _waiting_for_us(view: PaymentView) -> Story:
    return Story(
        "Confirmed, and waiting",
        f"{pause_words(view.currency, brake_reason(view.reason))} Your coins are here and safe.",
        "Nothing to do: they are credited by themselves when crediting goes on.",
        "care",
    )


def _held(view: PaymentView, currency: Currency | None) -> Story:
    if view.sub_state == "accumulating":
        return Story(
            "Kept until the minimum is reached",
            "It is below the minimum, and it counts: it is credited together with what you send to"
            " the same address, as soon as the sum reaches the minimum.",
            f"Send more to the same address. {'' if currency is None else minimum_words(currency)}",
            "care",
        )
    if view.reason == HELD_BELOW_MINIMUM:
        return Story(
            "Below the minimum",
            f"Your coins have arrived and are safe, but {_least(currency)}, so they are not"
            " credited by themselves.",
            "Ask the site's support: they can credit it or send it back.",
            "care",
        )
    why = f": {view.reason}" if is_told_hold(view.kind, view.reason, currency) else ""
    return Story(
        "Waiting for a person",
        f"Your coins have arrived and are safe, but someone has to look at them first{why}.",
        "Nothing to do now. If you ask the site's support, give them the payment's number.",
        "care",
    )


def _refused(view: PaymentView) -> Story:
    why = f": {view.reason}" if view.reason else ""
    return Story(
        "Not accepted",
        f"These coins were not credited{why}. They are kept safe and can be sent back.",
        "Ask the site's support for a refund and give them the payment's number.",
        "bad",
    )


_OTHERS = {
    "confirmed": Story(
        "Confirmed",
        "Your payment has all its confirmations and is being credited.",
        "Nothing to do.",
        "wait",
    ),
    "expired": Story(
        "Nobody paid this request in time",
        "No coins arrived. The address stays yours: what is sent there later is still credited.",
        "",
        "wait",
    ),
    "vanished": Story(
        "This payment did not happen",
        "The network dropped it or its sender replaced it before it was final. Nothing was"
        " credited, and nothing was taken from you here.",
        "Look into the wallet that sent it. If it sent a replacement, that is a payment of its own"
        " in this list.",
        "bad",
    ),
    "reversed": Story(
        "Taken back",
        "The network undid this payment after it was credited: its coins went elsewhere. The amount"
        " was taken out of your balance again.",
        "Look into the wallet that sent it, and ask the site's support if your balance is below"
        " zero.",
        "bad",
    ),
    "refunded": Story("Sent back", "These coins were returned to their sender.", "", "good"),
}


def steps(view: PaymentView) -> tuple[Step, ...]:
    """The line of states with this deposit's place in it."""
    came = {"held": 3, "refused": 3, "refunded": 3, "reversed": 3, "vanished": 2}
    return line_of(view, came=came.get(view.state, 1))


def pause_words(symbol: str, reason: str) -> str:
    """Why crediting waits, and that the coins do not."""
    why = f": {reason}" if reason else ""
    return f"Crediting of {symbol} is paused{why}."


def moment_words(moment: str) -> str:
    """A time in UTC for people; the page's script turns it into the reader's own zone."""
    return parse_rfc3339(moment).strftime("%-d %b %Y, %H:%M:%S UTC")
