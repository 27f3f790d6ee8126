"""The chart: leaves, roles, levels and groups, with a company's own accounts added and house accounts switched off."""

from core.books import chart
from socai import registry
from socai.core.account import Account, Chart

SMALL = Chart(
    {
        account.code: account
        for account in (
            Account("111", "Tiền mặt", carries=frozenset({"fund"}), money=True),
            Account("1111", "VND", parent="111", house=True, carries=frozenset({"fund"}), money=True),
            Account("1112", "Ngoại tệ", parent="111", house=True, monetary=True),
            Account("131", "Phải thu", nature="both", requires=frozenset({"partner"}), carries=frozenset({"partner"})),
        )
    },
    roles={"cash": "1111", "cash_foreign": "1112", "receivable": "131", "nothing": "999"},
    default_leaf={"111": "1111"},
    groups={"cash": ("111",), "none": ()},
)


def without(*codes: str) -> Chart:
    return SMALL.with_accounts(Account(code, code, parent="111", house=True, active=False) for code in codes)


def test_leaves_and_levels() -> None:
    assert set(SMALL.leaves) == {"1111", "1112", "131"}
    assert [SMALL.level(code) for code in ("111", "1112", "999")] == [1, 2, 0]
    assert [SMALL.ancestor("1112", level) for level in (1, 2, 3)] == ["111", "1112", "1112"]
    assert SMALL.leaf("111") == "1111"
    assert SMALL.members("cash") == {"111", "1111", "1112"}
    assert SMALL.members("none") == SMALL.members("unheard") == frozenset()


def test_roles_follow_the_currency_and_what_the_company_has() -> None:
    assert (SMALL.role("cash"), SMALL.role("cash", foreign=True)) == ("1111", "1112")
    assert SMALL.role("receivable", foreign=True) == "131"
    assert SMALL.role("nothing") == SMALL.role("unheard") == ""
    assert without("1111", "1112").role("cash") == "111"
    assert without("1111").role("cash") == ""  # 111 is still a parent, and what is left below it is for foreign money


def test_a_house_account_switched_off_frees_its_parent() -> None:
    assert "111" not in without("1111").leaves
    assert "111" in without("1111", "1112").leaves


def test_own_accounts_inherit_what_they_do_not_say() -> None:
    own = SMALL.with_accounts([Account("1311", "Nội thành", parent="131")])
    assert own.accounts["1311"].requires == {"partner"}
    assert "131" not in own.leaves
    assert own.role("receivable") == "1311"


def test_an_account_without_a_parent_named_finds_the_nearest_above_it() -> None:
    owed = chart().role("receivable")
    own = registry.chart_for(next(iter(registry.regimes())), [{"code": f"{owed}99", "name": "Khác"}])
    assert own.accounts[f"{owed}99"].parent == owed
    assert own.accounts[f"{owed}99"].gross


def test_charts_of_every_regime_are_whole() -> None:
    for regime in registry.regimes().values():
        under = regime.chart
        assert all(account.parent in under.accounts for account in under.accounts.values() if account.parent)
        assert all(under.role(name) in under.leaves for name in under.roles), regime.code
        assert all(account.requires <= account.carries for account in under.accounts.values())
        assert under.accounts[under.role("cash")].money
        assert under.accounts[under.role("bank")].money
        assert under.accounts[under.role("cash_foreign")].monetary
        assert not under.accounts[under.role("cash")].monetary
