"""Row 7 for catalogs: two offices, or two workstations, change one partner; both sides are shown, one key settles."""

import pytest

from e2e.conftest import Company, Sit
from e2e.desk import Desk
from socai.lab.client import Workstation, new_ident, wait_for
from socai.lab.sample import HANOI, HCM

PHONE, TAX_CODE = "0903 555 777", "0312345678"
BY = "[...document.querySelectorAll('[data-by]')].map((line) => line.dataset.by)"


@pytest.fixture
def quarrel(company: Company, sit: Sit) -> tuple[Desk, str, str]:
    """A partner changed at both offices: the desk in Hà Nội, where mine lost; its code and its name until then."""
    code = f"KH{new_ident()[-6:].upper()}"
    name = f"Công ty Hai Văn Phòng {code}"
    ident = new_ident()
    with company.workstation() as station:
        station.save_catalog("partner", ident, {"code": code, "name": name, "is_customer": True})
        station.wait_drained()
    line = company.stack.offices[HANOI].line
    desk = sit(HANOI)
    with company.workstation(HANOI, "ketoan.hn") as mine, company.workstation(HCM, "ketoantruong") as theirs:
        wait_for("the partner at the other office", lambda: entry(theirs, code))
        line.cut()
        try:
            desk.see_line(False)
            change(mine, ident, phone=PHONE)
            change(theirs, ident, name=f"{name} Việt Nam", tax_code=TAX_CODE)
            theirs.wait_drained()
        finally:
            line.mend()
    desk.see_line(True)
    return desk, code, name


def test_theirs_is_taken_from_the_list_of_what_needs_a_person(quarrel: tuple[Desk, str, str], company: Company) -> None:
    desk, code, name = quarrel
    desk.go("bàn làm việc")
    desk.to_todo(code, "todo-resolve")
    desk.press("Enter")

    # Field by field: before, mine and theirs; who and when; and which side changed what.
    desk.see("compare-table", "ketoantruong")
    desk.see("compare-table", "ketoan.hn")
    sides = {line.split(" ")[0]: line for line in desk.texts("compare-line")}
    assert {"Tên", "Mã", "Điện"} == set(sides), sides
    assert PHONE in sides["Điện"]
    assert TAX_CODE in sides["Mã"]
    assert sorted(desk.ask(BY)) == ["mine", "theirs", "theirs"]
    desk.sees_focus("resolve-theirs")
    desk.press("Enter")
    desk.see_gone("compare-body")
    desk.see("toast", "Đã xử lý xung đột")
    desk.see_row("entries", f"{name} Việt Nam")
    assert kept(company, code) == {"name": f"{name} Việt Nam", "phone": None, "tax_code": TAX_CODE}


def test_mine_is_put_on_top_from_the_sync_results(quarrel: tuple[Desk, str, str], company: Company) -> None:
    desk, code, name = quarrel
    desk.go("kết quả đồng bộ")
    desk.see("sync-compared")  # and whether the books here are the cloud's
    desk.to_row("sync-results", code)
    desk.press("Enter")
    desk.walk("Tab", "resolve-mine")
    desk.press("Enter")
    desk.see_gone("compare-body")
    desk.see_attribute("sync-mark", "data-pending", "0")
    assert kept(company, code) == {"name": name, "phone": PHONE, "tax_code": None}


def test_mine_is_kept_as_another_entry_from_its_form(quarrel: tuple[Desk, str, str], company: Company) -> None:
    desk, code, name = quarrel
    desk.go("đối tượng")
    desk.sees_focus("entries")
    desk.find_entry(code)
    desk.see("entries", "1 mục")
    desk.see_row("entries", "Xung đột")
    desk.press("Enter")
    desk.sees_focus("entry-resolve")  # nothing else may be done with it now
    desk.press("Alt+r")
    desk.walk("Tab", "code")
    desk.write(code)  # theirs has it: refused at the box, nothing is lost
    desk.press("Enter", "Enter")
    desk.see("conflict-code-fault")
    desk.sees_focus("code")
    desk.write(f"{code}B")
    desk.press("Enter")
    desk.sees_focus("resolve-new")
    desk.press("Enter")
    desk.see_gone("compare-body")
    desk.see_attribute("sync-mark", "data-pending", "0")
    assert kept(company, code) == {"name": f"{name} Việt Nam", "phone": None, "tax_code": TAX_CODE}
    assert kept(company, f"{code}B") == {"name": name, "phone": PHONE, "tax_code": None}


def test_a_save_from_a_stale_form_shows_both_and_loses_nothing(sit: Sit, company: Company) -> None:
    code, ident = f"KH{new_ident()[-6:].upper()}", new_ident()
    desk = sit(HANOI)
    with company.workstation(HANOI, "ketoantruong") as other:
        other.save_catalog("partner", ident, {"code": code, "name": "Công ty Hai Máy", "is_customer": True})
        desk.open(f"/t/minhphat/catalog/partner?open={ident}")
        desk.see_row("entries", code)
        desk.walk("Enter", "name")
        desk.write("Công ty Hai Máy Tính")
        change(other, ident, tax_code=TAX_CODE)
        desk.press("Control+Enter")
        desk.see("compare-table", "ketoantruong")
        for said in ("Trước đó", "Công ty Hai Máy Tính", TAX_CODE):
            desk.see("compare-table", said)
        assert sorted(desk.ask(BY)) == ["mine", "theirs"]  # whose change each line is
        desk.press("Escape")  # go on typing: all is still there
        desk.see_value("entry-name", "Công ty Hai Máy Tính")
        desk.press("Control+Enter")
        desk.sees_focus("stale-mine")
        desk.press("Enter")
        desk.see("toast", "Đã cất Công ty Hai Máy Tính")
        found = other.books("GET", f"/catalog/partner/{ident}")["body"]
    assert (found["name"], found.get("tax_code")) == ("Công ty Hai Máy Tính", None)


def entry(station: Workstation, code: str) -> dict[str, object] | None:
    """The partner of a code, or None where it is not here yet."""
    found = station.books("GET", "/catalog/partner", q=code)["items"]
    return next((dict(item) for item in found if item["code"] == code), None)


def change(station: Workstation, ident: str, **more: str) -> None:
    """Somebody changes the partner."""
    found = station.books("GET", f"/catalog/partner/{ident}")
    act = {"act_id": new_ident(), "base": found["revision"], "body": {**found["body"], **more}}
    station.books("PUT", f"/catalog/partner/{ident}", act)


def kept(company: Company, code: str) -> dict[str, object]:
    """What the other office holds in the end."""

    def settled() -> dict[str, object] | None:
        with company.workstation(HANOI) as here, company.workstation(HCM) as there:
            here.wait_drained()
            one, other = entry(here, code), entry(there, code)
            alike = one is not None and other is not None and one["body"] == other["body"]
            return other if alike else None

    body = wait_for("both offices hold the same", settled)["body"]
    assert isinstance(body, dict)
    return {name: body.get(name) for name in ("name", "phone", "tax_code")}
