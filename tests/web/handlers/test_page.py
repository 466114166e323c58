"""The page as a browser without a script gets it: entry, deposit, history, one payment."""

from __future__ import annotations

import re
from html import unescape

import pytest

from db.models import Payment, UsedToken
from db.models import Session as SessionRow
from engine.config import Config
from tests.web.conftest import BTC, Configure, token_for
from tests.web.running import Answer, Visitor, running
from tests.web.till import Till

HTML = {"Accept": "text/html"}
SITE = 'origins = ["https://trading.example"]'


def text_of(answer: Answer) -> str:
    """What a person reads on the page."""
    body = re.sub(r"<(script|style|noscript).*?</\1>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def field_of(answer: Answer, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found is not None, f"no field {name}"
    return unescape(found[1])


def page(visitor: Visitor, path: str = "/cashier") -> Answer:
    return visitor.get(path, **HTML)


@pytest.mark.usefixtures("till")
def test_a_token_is_exchanged_at_once_and_leaves_the_address_bar(
    stranger: Visitor, config: Config
) -> None:
    answer = stranger.get(f"/cashier?token={token_for(config)}")
    assert (answer.status, answer.headers["Location"]) == (303, "/cashier")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "CR1042" in text_of(page(stranger))


@pytest.mark.usefixtures("till")
def test_with_one_currency_the_address_is_there_at_once(stranger: Visitor, config: Config) -> None:
    stranger.get(f"/cashier?token={token_for(config)}")
    address = Payment.get().address
    shown = page(stranger)
    assert f'data-copy="{address}"' in shown.text
    assert f'href="litecoin:{address}"' in shown.text
    assert 'src="data:image/svg+xml' in shown.text
    words = text_of(shown)
    assert "Send only LTC, and only on the Litecoin network." in words
    assert "practice network (regtest)" in words
    assert "Minimum 0.001 LTC" in words
    assert "Credited after 3 confirmations, usually about 8 minutes." in words


@pytest.mark.usefixtures("till")
def test_the_address_in_groups_is_the_address(stranger: Visitor, config: Config) -> None:
    stranger.get(f"/cashier?token={token_for(config)}")
    block = re.search(r'class="address".*?<code>(.*?)</code>', page(stranger).text, re.DOTALL)
    assert block is not None
    assert re.sub(r"<[^>]+>", "", block[1]) == Payment.get().address


def test_with_several_currencies_the_client_chooses(configure: Configure) -> None:
    config = configure(currencies=BTC)
    Till(config)
    with running(config) as port:
        visitor = Visitor(port)
        visitor.get(f"/cashier?token={token_for(config)}")
        assert "What do you want to deposit?" in text_of(page(visitor))
        assert Payment.select().count() == 0
        chosen = page(visitor, "/cashier?currency=BTC")
        assert "Show my Bitcoin address" in text_of(chosen)
        assert "1 up to 1 BTC, 3 up to 10 BTC, else 6" in text_of(chosen)
        form = {"_csrf": field_of(chosen, "_csrf"), "currency": field_of(chosen, "currency")}
        assert visitor.submit("/v1/deposits", form).status == 303
        assert "Copy address" in text_of(page(visitor))


def test_the_currency_that_the_site_named_is_chosen(configure: Configure) -> None:
    config = configure(currencies=BTC)
    Till(config)
    with running(config) as port:
        visitor = Visitor(port)
        visitor.get(f"/cashier?token={token_for(config, currency='BTC')}")
        assert Payment.get().currency == "BTC"
        assert "Deposit Bitcoin" in text_of(page(visitor))


def test_an_empty_pool_lets_the_client_in_and_ask_again(stranger: Visitor, config: Config) -> None:
    Till(config, addresses=0)
    assert stranger.get(f"/cashier?token={token_for(config)}").status == 303
    shown = page(stranger)
    assert "Show my Litecoin address" in text_of(shown)
    form = {"_csrf": field_of(shown, "_csrf"), "currency": "LTC"}
    answer = stranger.submit("/v1/deposits", form)
    assert answer.status == 503
    assert "No address is ready at this moment" in text_of(answer)


def test_every_state_of_a_deposit_is_told(client: Visitor, till: Till) -> None:
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    till.see(payment, 50_000_000)
    assert "Seen on the network" in text_of(page(client))
    till.mine(payment, 999)
    words = text_of(page(client))
    assert "pending 2 of 3" in words
    assert "usually about 2 minutes more" in words
    till.confirm(payment)
    assert "is being credited" in text_of(page(client))
    till.credit(payment)
    words = text_of(page(client))
    assert "The amount is in your balance." in words
    assert "0.50000000 LTC" in words
    assert "Get a new Litecoin address" in words


def test_a_sick_node_is_told_with_what_it_means(client: Visitor, till: Till) -> None:
    till.chain("LTC", height=1000, state="paused", reason="our node is catching up")
    client.post("/v1/deposits", {"currency": "LTC"})
    words = text_of(page(client))
    assert "Crediting of LTC is paused: our node is catching up." in words
    assert "Your coins are safe" in words


@pytest.mark.usefixtures("till")
def test_the_page_reloads_itself_only_without_a_script_and_while_it_waits(client: Visitor) -> None:
    assert 'http-equiv="refresh"' not in page(client).text
    client.post("/v1/deposits", {"currency": "LTC"})
    noscript = re.findall(r"<noscript>(.*?)</noscript>", page(client).text)
    assert any('http-equiv="refresh"' in one for one in noscript)


@pytest.mark.usefixtures("till")
def test_a_reload_without_a_person_keeps_no_session_alive(client: Visitor) -> None:
    old = "2000-01-01T00:00:00.000000Z"
    SessionRow.update(seen_at=old).execute()
    assert page(client, "/cashier?auto=1").status == 401
    assert SessionRow.get().seen_at == old


def test_an_ended_session_is_told_plainly(stranger: Visitor) -> None:
    for path in ("/cashier", "/cashier/history", "/cashier/payments/" + "0" * 32):
        answer = page(stranger, path)
        assert answer.status == 401
        assert "Your session has ended" in text_of(answer)
    assert stranger.get("/cashier").code == "session_missing"


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "%ff", "x" * 5000, "%00", "<script>"])
def test_a_bad_token_is_a_401_and_creates_nothing(stranger: Visitor, token: str) -> None:
    answer = stranger.get(f"/cashier?token={token}")
    assert answer.status in {400, 401}
    assert answer.code in {"token_invalid", "request_malformed"}
    assert "Set-Cookie" not in answer.headers
    assert SessionRow.select().count() == UsedToken.select().count() == 0


@pytest.mark.usefixtures("till")
def test_a_used_token_is_told_as_a_page(stranger: Visitor, config: Config) -> None:
    token = token_for(config)
    assert stranger.get(f"/cashier?token={token}").status == 303
    again = Visitor(stranger.port).get(f"/cashier?token={token}", **HTML)
    assert again.status == 401
    assert "This link cannot be used" in text_of(again)


@pytest.mark.usefixtures("till")
def test_a_token_may_come_as_a_form(stranger: Visitor, config: Config) -> None:
    answer = stranger.submit("/cashier", {"token": token_for(config)}, Origin="https://any.example")
    assert (answer.status, answer.headers["Location"]) == (303, "/cashier")


def test_history_shows_the_newest_first_in_pages(client: Visitor, till: Till) -> None:
    till.add_addresses("LTC", 20)
    for units in range(1, 31):
        till.see(client.post("/v1/deposits", {"currency": "LTC"}).json["id"], units)
    first = page(client, "/cashier/history")
    assert first.text.count("<article") == 25
    assert text_of(first).index("0.00000030 LTC") < text_of(first).index("0.00000029 LTC")
    older = re.search(r'href="(/cashier/history\?after=[^"]+)"', first.text)
    assert older is not None
    second = page(client, unescape(older[1]))
    assert second.text.count("<article") == 5
    assert "Older" not in text_of(second)


def test_a_strange_cursor_is_refused_with_a_page(client: Visitor) -> None:
    assert page(client, "/cashier/history?after=x").status == 400


def test_one_payment_is_told_with_its_moves(client: Visitor, till: Till) -> None:
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    till.see(payment, 5, height=999)
    words = text_of(page(client, f"/cashier/payments/{payment}"))
    assert payment in words
    assert str(Payment.get_by_id(payment).txid) in words
    assert "10.0.0.5" not in words


def test_what_others_wrote_is_shown_and_not_run(configure: Configure) -> None:
    evil = "<img src=x onerror=alert(1)>"
    config = configure(site="", web="")
    object.__setattr__(config.site, "name", f"A & B {evil}")
    till = Till(config)
    with running(config) as port:
        visitor = Visitor(port)
        visitor.enter(token_for(config))
        payment = visitor.post("/v1/deposits", {"currency": "LTC"}).json["id"]
        till.see(payment, 5_000_000, height=990)
        till.confirm(payment)
        till.move(payment, "hold", reason=evil)
        till.chain("LTC", height=1000, state="paused", reason=evil)
        for path in ("/cashier", "/cashier/history", f"/cashier/payments/{payment}", "/nothing"):
            shown = page(visitor, path)
            assert "<img src=x" not in shown.text
            assert "&lt;img src=x" in shown.text


@pytest.mark.usefixtures("till")
def test_nothing_on_the_page_is_inline_or_from_elsewhere(client: Visitor) -> None:
    client.post("/v1/deposits", {"currency": "LTC"})
    text = page(client).text
    assert "<style" not in text
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)
    assert not re.search(r"<script(?![^>]*\ssrc=\"/static/)", text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


# --- entry: whose account, and who says so


@pytest.fixture
def guarded(configure: Configure) -> Config:
    """An installation that knows its site."""
    return configure(site=SITE)


def test_a_link_to_another_account_is_asked_about_first(guarded: Config) -> None:
    Till(guarded)
    with running(guarded) as port:
        visitor = Visitor(port)
        visitor.get(f"/cashier?token={token_for(guarded)}")
        question = page(visitor, f"/cashier?token={token_for(guarded, 'CR0007')}")
        assert question.status == 200
        assert "Continue as CR0007?" in text_of(question)
        assert "You are signed in as CR1042" in text_of(question)
        assert "CR1042" in text_of(page(visitor))

        form = {name: field_of(question, name) for name in ("token", "_entry")}
        assert visitor.submit("/cashier", form).status == 303
        assert "CR0007" in text_of(page(visitor))


def test_the_same_account_comes_in_without_a_question(guarded: Config) -> None:
    Till(guarded)
    with running(guarded) as port:
        visitor = Visitor(port)
        visitor.get(f"/cashier?token={token_for(guarded)}")
        assert visitor.get(f"/cashier?token={token_for(guarded)}").status == 303


def test_the_site_itself_is_not_asked(guarded: Config) -> None:
    Till(guarded)
    with running(guarded) as port:
        visitor = Visitor(port)
        visitor.get(f"/cashier?token={token_for(guarded)}")
        answer = visitor.submit(
            "/cashier", {"token": token_for(guarded, "CR7")}, Origin="https://trading.example"
        )
        assert answer.status == 303


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_strangers_form_puts_nobody_into_an_account(guarded: Config, origin: str) -> None:
    Till(guarded)
    with running(guarded) as port:
        visitor = Visitor(port)
        answer = visitor.submit("/cashier", {"token": token_for(guarded)}, Origin=origin)
        assert answer.status == 200
        assert "Continue as CR1042?" in text_of(answer)
        assert SessionRow.select().count() == 0


def test_a_stranger_cannot_answer_the_question(guarded: Config) -> None:
    Till(guarded)
    with running(guarded) as port:
        visitor = Visitor(port)
        token = token_for(guarded)
        asked = visitor.submit("/cashier", {"token": token}, Origin="https://evil.example")
        for guess in ("", "x", field_of(asked, "_entry") + "x"):
            form = {"token": token, "_entry": guess}
            assert visitor.submit("/cashier", form, Origin="https://evil.example").status == 200
        without = Visitor(port)  # the form without its cookie
        form = {"token": token, "_entry": field_of(asked, "_entry")}
        assert without.submit("/cashier", form).status == 200
        assert SessionRow.select().count() == 0


def test_handshakes_from_a_strangers_page_are_refused(guarded: Config) -> None:
    with running(guarded) as port:
        answer = Visitor(port).post(
            "/v1/handshake", {"token": token_for(guarded)}, Origin="https://evil.example"
        )
        assert (answer.status, answer.code) == (403, "origin_refused")


def test_embedded_the_cookie_may_travel_into_the_frame(configure: Configure) -> None:
    config = configure(
        web='public_url = "https://cashier.example"\nframe_ancestors = ["https://t.example"]'
    )
    Till(config)
    with running(config) as port:
        answer = Visitor(port).get(f"/cashier?token={token_for(config)}", Host="cashier.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-cashier=")
    for part in ("Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"):
        assert part in cookie
