"""Making, changing and closing accounts in a real PostgreSQL: always all rows or none, secrets nowhere in clear."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from core.database import Database
from ivr.phone_accounts import RESERVED, AccountError, BadExtension, BadName, ExtensionTaken, PhoneAccounts, UnknownExtension
from ivr.phone_rows import ha1
from routing.pin_rules import WeakPin


async def rows(db: Database, table: str) -> list[dict[str, object]]:
    """A table."""
    found = await db.execute(text(f"SELECT * FROM {table} ORDER BY id" if table != "presence" else "SELECT * FROM presence"))
    return [dict(row._mapping) for row in found]


async def test_an_account_is_a_person_a_state_and_a_phone(db: Database, accounts: PhoneAccounts) -> None:
    """Made in one transaction, with the secret's digest only."""
    account, secret = await accounts.add("  김  상담 ", extension="101", pin="4829")
    assert (account.name, account.extension, account.human, account.reachable) == ("김 상담", "101", "off", False)
    assert [row["id"] for name in ("ps_endpoints", "ps_auths", "ps_aors") for row in await rows(db, name)] == ["101"] * 3
    auth = (await rows(db, "ps_auths"))[0]
    assert auth["md5_cred"] == ha1("101", secret)
    person = (await rows(db, "counsellors"))[0]
    everything = str([person, auth, await rows(db, "ps_endpoints"), await rows(db, "ps_aors"), await rows(db, "presence")])
    assert secret not in everything
    assert "4829" not in everything


async def test_without_an_extension_the_next_free_one_is_taken(accounts: PhoneAccounts) -> None:
    """From 101; also past one whose owner has left, because contacts point at it."""
    await accounts.add("하나", extension="102", pin="4829")
    assert (await accounts.add("둘", pin="4829"))[0].extension == "101"
    await accounts.disable("101")
    assert (await accounts.add("셋", pin="4829"))[0].extension == "103"


async def test_public_numbers_are_never_given_out(accounts: PhoneAccounts) -> None:
    """Nobody's phone is called 119."""
    made = [(await accounts.add(f"상담사 {number}", pin="4829"))[0].extension for number in range(20)]
    assert len(set(made)) == 20
    assert not RESERVED & set(made)


async def test_a_taken_extension_changes_nothing(db: Database, accounts: PhoneAccounts) -> None:
    """The second one is told so; the first one's phone keeps its secret."""
    await accounts.add("하나", extension="101", pin="4829")
    before = await rows(db, "ps_auths")
    with pytest.raises(ExtensionTaken, match="101"):
        await accounts.add("둘", extension="101", pin="4829")
    assert await rows(db, "ps_auths") == before
    assert [account.name for account in await accounts.list()] == ["하나"]


@pytest.mark.parametrize("extension", ["1", "12", "100000", "012", "10a", "", "１０１", "119", "120", "1 1", "101\n"])
async def test_a_bad_extension_is_refused(accounts: PhoneAccounts, extension: str) -> None:
    """Before anything is written."""
    with pytest.raises(BadExtension):
        await accounts.add("하나", extension=extension, pin="4829")
    assert await accounts.list() == []


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "김\x00상담", "김\u202e상담"])
async def test_a_bad_name_is_refused(accounts: PhoneAccounts, name: str) -> None:
    """Empty, endless, or with letters that turn a terminal around."""
    with pytest.raises(BadName):
        await accounts.add(name, extension="101", pin="4829")


async def test_a_weak_pin_is_refused(accounts: PhoneAccounts) -> None:
    """For a new account and for an old one."""
    with pytest.raises(WeakPin):
        await accounts.add("하나", extension="101", pin="1234")
    await accounts.add("하나", extension="101", pin="4829")
    with pytest.raises(WeakPin):
        await accounts.set_pin("101", "1011")


async def test_a_person_who_leaves_and_comes_back_keeps_phone_and_pin(db: Database, accounts: PhoneAccounts) -> None:
    """Closed: no endpoint to register or to ring. Opened again: the same digest."""
    _, secret = await accounts.add("하나", extension="101", pin="4829")
    before = {name: await rows(db, name) for name in ("ps_endpoints", "ps_auths", "ps_aors")}
    await db.execute(text("UPDATE presence SET human = 'ready', reachable = true, system = 'talking'"))
    assert await accounts.disable("101")
    assert not await accounts.disable("101")
    assert await rows(db, "ps_endpoints") == []
    assert await accounts.list() == []
    gone = (await accounts.list(everybody=True))[0]
    assert gone.disabled_at is not None
    # The talk under way goes on.
    assert (gone.human, gone.reachable, gone.system) == ("off", False, "talking")
    assert await accounts.enable("101")
    assert not await accounts.enable("101")
    assert {name: await rows(db, name) for name in before} == before
    assert (await rows(db, "ps_auths"))[0]["md5_cred"] == ha1("101", secret)
    kinds = await db.execute(text("SELECT kind FROM presence_events ORDER BY id"))
    assert [row.kind for row in kinds] == ["disabled", "enabled"]


async def test_a_new_secret_replaces_the_old_one(db: Database, accounts: PhoneAccounts) -> None:
    """A lost phone is shut out."""
    _, old = await accounts.add("하나", extension="101", pin="4829")
    new = await accounts.renew_secret("101")
    assert new != old
    assert (await rows(db, "ps_auths"))[0]["md5_cred"] == ha1("101", new)


async def test_a_closed_account_gets_no_new_secret(accounts: PhoneAccounts) -> None:
    """It would open the door again by the back."""
    await accounts.add("하나", extension="101", pin="4829")
    await accounts.disable("101")
    with pytest.raises(AccountError, match="enable 101"):
        await accounts.renew_secret("101")


async def test_an_unknown_extension_is_said_to_be_unknown(accounts: PhoneAccounts) -> None:
    """By every command."""
    for attempt in (
        accounts.set_pin("999", "4829"),
        accounts.disable("999"),
        accounts.enable("999"),
        accounts.renew_secret("999"),
        accounts.get("999"),
    ):
        with pytest.raises(UnknownExtension, match="999"):
            await attempt
