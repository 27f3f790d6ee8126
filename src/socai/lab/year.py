"""About a year of the sample company's life, as events told in roles. Seeded: the same seed gives the same year.

Each branch lives day by day: it sells and buys on credit, collects and pays when the terms run out, and keeps its cash
between bounds, so that neither fund nor bank account is ever below zero. It names no account and no voucher type.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from socai.lab.clerk import Event, Invoice, Line, OpeningRow
from socai.lab.company import CUSTOMERS, EMPLOYEES, VENDORS, Catalogs

CASH_LOW, CASH_HIGH = 60_000_000, 320_000_000
BANK_LOW = 250_000_000
GOODS = ("máy in laser", "máy photocopy", "máy tính xách tay", "màn hình 27 inch", "mực in", "giấy in A4", "máy chiếu",
         "máy quét tài liệu", "bộ lưu điện", "bàn ghế văn phòng")  # fmt: skip
EXPENSES = (
    ("Tiền điện, nước", "KM03", "10", 3, 9), ("Cước điện thoại, internet", "KM04", "10", 2, 5),
    ("Mua văn phòng phẩm", "KM06", "8", 1, 4), ("Cước vận chuyển hàng", "KM05", "8", 2, 8),
    ("Chi tiếp khách", "KM08", "8", 2, 6), ("Vé tàu xe công tác", "KM07", "8", 1, 5),
    ("Sửa chữa thiết bị văn phòng", "KM06", "8", 1, 4), ("Xăng xe giao hàng", "KM05", "8", 1, 3),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scale:
    """How big a branch is: sales a day in hundredths, the range of a sale in millions, the monthly pay."""

    sales_percent: int
    sale_low: int
    sale_high: int
    payroll: int
    rent: int
    cash: int
    bank: int
    receivable: int
    goods: int
    payable: int
    assets: int


SCALES = {
    "hanoi": Scale(95, 18, 165, 186_000_000, 38_000_000, 150_000_000, 2_850_000_000, 640_000_000, 1_950_000_000,
                   720_000_000, 1_240_000_000),
    "hcm": Scale(60, 12, 95, 92_000_000, 22_000_000, 90_000_000, 980_000_000, 310_000_000, 720_000_000,
                 260_000_000, 380_000_000),
}  # fmt: skip


@dataclass(slots=True)
class _Debt:
    partner: str
    amount: int
    due: date
    about: str


@dataclass(slots=True)
class _Branch:
    """One branch as it stands on a day."""

    key: str
    ident: str
    cash: int
    bank: int
    owed: list[_Debt] = field(default_factory=list)
    owing: list[_Debt] = field(default_factory=list)
    bought_for: int = 0  # sales whose goods have been bought again
    sold_year: int = 0
    sold_month: int = 0
    output_vat: int = 0
    input_vat: int = 0
    vat_due: int = 0
    advanced: list[_Debt] = field(default_factory=list)
    invoices: int = 100
    done: dict[str, int] = field(default_factory=dict)  # the month in which a monthly task was last done

    def falls_due(self, task: str, day: date, from_day: int) -> bool:
        """Whether a monthly task is to be done today: on the first open day of the month from `from_day` on."""
        if day.day < from_day or self.done.get(task) == day.month:
            return False
        self.done[task] = day.month
        return True


class Year:
    """The life of both branches from the first day of the books to `until`."""

    def __init__(self, catalogs: Catalogs, seed: int, first: date, until: date) -> None:
        self.ids = catalogs.ids
        self.random = Random(seed)
        self.first, self.until = first, until

    def opening(self, key: str) -> list[OpeningRow]:
        """What a branch begins with. Capital balances it at home, a debt to the head office in a branch."""
        scale, bank = SCALES[key], self._bank(key)
        rows = [OpeningRow("cash", debit=scale.cash), OpeningRow("bank", debit=scale.bank, bank=bank)]
        rows += [OpeningRow("receivable", debit=part, partner=who) for who, part in self._opened(key, CUSTOMERS)]
        rows += [OpeningRow("goods", debit=scale.goods), OpeningRow("prepaid_expense", debit=scale.rent * 3)]
        rows += [OpeningRow("fixed_asset", debit=scale.assets), OpeningRow("depreciation", credit=scale.assets // 4)]
        rows += [OpeningRow("payable", credit=part, partner=who) for who, part in self._opened(key, VENDORS)]
        if key == "hanoi":
            rows.append(OpeningRow("term_deposit", debit=200_000_000))  # falls due in an example of the year
            rows.append(OpeningRow("internal_capital", debit=_own_funds(SCALES["hcm"])))
            rows.append(OpeningRow("capital", credit=5_000_000_000))
            left = sum(row.debit - row.credit for row in rows)
            rows.append(OpeningRow("retained_earnings_prior", credit=left))
        else:
            rows.append(OpeningRow("internal_capital_received", credit=_own_funds(scale)))
        return rows

    def events(self, key: str) -> Iterator[Event]:
        """Everything that happened in a branch, in the order of days."""
        scale = SCALES[key]
        branch = _Branch(key, self.ids[key], scale.cash, scale.bank)
        due = self.first + timedelta(days=12)
        branch.owed = [_Debt(who, part, due, "Công nợ năm trước") for who, part in self._opened(key, CUSTOMERS)]
        branch.owing = [_Debt(who, part, due, "Công nợ năm trước") for who, part in self._opened(key, VENDORS)]
        day = self.first
        while day <= self.until:
            if day.weekday() < 6 and not (day.month == 2 and 14 <= day.day <= 22):  # closed on Sundays and at Tết
                yield from self._day(branch, scale, day)
            day += timedelta(days=1)

    # --- a day

    def _day(self, branch: _Branch, scale: Scale, day: date) -> Iterator[Event]:
        yield from self._monthly(branch, scale, day)
        yield from self._keep_cash(branch, day)
        if self._happens(scale.sales_percent):
            yield from self._sell(branch, scale, day)
        if branch.sold_year > branch.bought_for and self._happens(22):
            yield self._buy(branch, day)
        yield from self._collect(branch, day)
        yield from self._pay(branch, day)
        if self._happens(24):
            yield self._expense(branch, day)
        if self._happens(7):
            yield self._advance(branch, day)
        yield from self._settle_advances(branch, day)

    def _sell(self, branch: _Branch, scale: Scale, day: date) -> Iterator[Event]:
        if branch.key == "hanoi" and self._happens(5):
            yield from self._sell_abroad(branch, day)
            return
        net = self.random.randint(scale.sale_low * 20, scale.sale_high * 20) * 50_000
        small = net < 20_000_000
        tax = net * 8 // 100
        goods = self.random.choice(GOODS)
        partner = self._partner(branch.key, CUSTOMERS, but="KH010")
        money = "cash" if small and self._happens(60) else "receivable"
        branch.sold_year, branch.sold_month = branch.sold_year + net, branch.sold_month + net
        branch.output_vat += tax
        about = f"Bán {goods}"
        yield Event(
            day, branch.ident, about,
            (Line(money, "revenue_goods", net, about), Line(money, "output_vat", tax, "Thuế GTGT đầu ra 8%")),
            partner, papers=1,
        )  # fmt: skip
        if money == "cash":
            branch.cash += net + tax
        else:
            terms = timedelta(days=self.random.choice((7, 15, 15, 30, 30, 45)))
            branch.owed.append(_Debt(partner, net + tax, day + terms, about))

    def _sell_abroad(self, branch: _Branch, day: date) -> Iterator[Event]:
        """Goods for Laos, in dollars: the sale, and the money on the spot."""
        cents = self.random.randint(30, 180) * 10_000
        rate = Decimal(self.random.randint(26_100, 26_450))
        net = cents * int(rate) // 100
        branch.sold_year, branch.sold_month = branch.sold_year + net, branch.sold_month + net
        partner, bank = self.ids["KH010"], self.ids["VCB-HN-USD"]
        for line, bank_of, about in (
            (Line("receivable", "revenue_goods", cents), "", "Xuất khẩu thiết bị văn phòng sang Lào"),
            (Line("bank", "receivable", cents), bank, "Thu tiền hàng xuất khẩu"),
        ):
            yield Event(day, branch.ident, about, (line,), partner, bank_of, currency="USD", rate=rate, papers=2)

    def _buy(self, branch: _Branch, day: date) -> Event:
        net = (branch.sold_year - branch.bought_for) * self.random.randint(70, 78) // 100 // 50_000 * 50_000 + 5_000_000
        branch.bought_for = branch.sold_year
        partner = self._partner(branch.key, VENDORS[:3] + VENDORS[7:9])
        tax = net * 8 // 100
        about = f"Mua {self.random.choice(GOODS)} nhập kho"
        branch.input_vat += tax
        branch.owing.append(_Debt(partner, net + tax, day + timedelta(days=self.random.choice((10, 20, 30))), about))
        lines = (Line("goods", "payable", net, about),)
        return Event(day, branch.ident, about, lines, partner, invoice=self._invoice(branch, net, "8", day), papers=2)

    def _collect(self, branch: _Branch, day: date) -> Iterator[Event]:
        for debt in [debt for debt in branch.owed if debt.due <= day and self._happens(55)]:
            branch.owed.remove(debt)
            about = f"Thu tiền {debt.about[:1].lower()}{debt.about[1:]}"
            if debt.amount < 25_000_000 and self._happens(50):
                branch.cash += debt.amount
                yield Event(
                    day, branch.ident, about, (Line("cash", "receivable", debt.amount),), debt.partner, papers=1
                )
            else:
                branch.bank += debt.amount
                lines = (Line("bank", "receivable", debt.amount),)
                yield Event(day, branch.ident, about, lines, debt.partner, self._bank(branch.key), papers=1)

    def _pay(self, branch: _Branch, day: date) -> Iterator[Event]:
        for debt in [debt for debt in branch.owing if debt.due <= day]:
            if branch.bank - debt.amount < BANK_LOW:
                return
            branch.owing.remove(debt)
            branch.bank -= debt.amount + 11_000
            about = f"Thanh toán {debt.about[:1].lower()}{debt.about[1:]}"
            lines = (Line("payable", "bank", debt.amount),)
            yield Event(day, branch.ident, about, lines, debt.partner, self._bank(branch.key), fee=11_000, papers=1)

    def _expense(self, branch: _Branch, day: date) -> Event:
        about, item, rate, low, high = self.random.choice(EXPENSES)
        net = self.random.randint(low * 20, high * 20) * 25_000
        tax = net * int(rate) // 100
        partner = self._partner(branch.key, VENDORS[4:7] + VENDORS[10:])
        branch.input_vat += tax
        line = Line("admin_expense", "cash", net, about, self.ids[item], self._department(branch.key))
        branch.cash -= net + tax
        return Event(
            day, branch.ident, about, (line,), partner, invoice=self._invoice(branch, net, rate, day), papers=1
        )

    def _advance(self, branch: _Branch, day: date) -> Event:
        who = self._partner(branch.key, EMPLOYEES)
        amount = self.random.randint(4, 20) * 500_000
        branch.cash -= amount
        branch.advanced.append(_Debt(who, amount, day + timedelta(days=self.random.randint(4, 12)), ""))
        about = "Tạm ứng chi phí công tác"
        return Event(day, branch.ident, about, (Line("advance", "cash", amount),), who, papers=1)

    def _settle_advances(self, branch: _Branch, day: date) -> Iterator[Event]:
        for debt in [debt for debt in branch.advanced if debt.due <= day]:
            branch.advanced.remove(debt)
            spent = debt.amount * self.random.randint(7, 10) // 10
            line = Line("admin_expense", "advance", spent, "", self.ids["KM07"], self._department(branch.key))
            yield Event(day, branch.ident, "Thanh toán tạm ứng công tác", (line,), debt.partner, papers=3)
            if spent < debt.amount:
                branch.cash += debt.amount - spent
                lines = (Line("cash", "advance", debt.amount - spent),)
                yield Event(day, branch.ident, "Thu hoàn tạm ứng", lines, debt.partner)

    # --- a month, and money

    def _monthly(self, branch: _Branch, scale: Scale, day: date) -> Iterator[Event]:
        staff = self._department(branch.key)
        pay, bank = scale.payroll, self._bank(branch.key)
        if branch.falls_due("rent", day, 3):
            net, office = scale.rent, self.ids["NCC004" if branch.key == "hanoi" else "NCC023"]
            line = Line("admin_expense", "bank", net, "", self.ids["KM02"], staff)
            branch.bank -= net + net // 10 + 11_000
            branch.input_vat += net // 10
            invoice = self._invoice(branch, net, "10", day)
            yield Event(day, branch.ident, "Thuê văn phòng", (line,), office, bank, invoice=invoice, fee=11_000)
        if day.month > self.first.month and branch.falls_due("pay", day, 5):
            branch.bank -= pay * 88 // 100
            lines = (Line("salary_payable", "bank", pay * 88 // 100),)
            yield Event(day, branch.ident, "Trả lương tháng trước", lines, bank=bank)
            branch.bank -= pay * 30 // 100
            lines = (Line("social_insurance", "bank", pay * 30 // 100),)
            yield Event(day, branch.ident, "Nộp bảo hiểm", lines, bank=bank)
        if branch.vat_due > 0 and branch.falls_due("tax", day, 18):
            branch.bank -= branch.vat_due
            lines = (Line("output_vat", "bank", branch.vat_due),)
            branch.vat_due = 0
            yield Event(day, branch.ident, "Nộp thuế GTGT", lines, bank=bank)
        if branch.falls_due("interest", day, 24):
            interest = branch.bank // 24_000
            branch.bank += interest
            yield Event(day, branch.ident, "Lãi tiền gửi", (Line("bank", "finance_income", interest),), bank=bank)
        if branch.falls_due("month_end", day, 27):
            yield from self._month_end(branch, scale, day, staff)

    def _month_end(self, branch: _Branch, scale: Scale, day: date, staff: str) -> Iterator[Event]:
        pay, wages = scale.payroll, self.ids["KM01"]
        wages_lines = (
            Line("admin_salary", "salary_payable", pay * 6 // 10, "Lương bộ phận quản lý", wages, staff),
            Line("selling_salary", "salary_payable", pay * 4 // 10, "Lương bộ phận bán hàng", wages, staff),
            Line("admin_salary", "social_insurance", pay * 18 // 100, "Bảo hiểm tính vào chi phí", wages, staff),
            Line("salary_payable", "social_insurance", pay * 12 // 100, "Bảo hiểm trừ vào lương"),
        )
        yield Event(day, branch.ident, f"Lương tháng {day.month}", wages_lines)
        wear = scale.assets // 96
        line = Line("admin_depreciation", "depreciation", wear, "", self.ids["KM09"], staff)
        yield Event(day, branch.ident, f"Khấu hao tài sản cố định tháng {day.month}", (line,))
        about = f"Phân bổ chi phí trả trước tháng {day.month}"
        line = Line("admin_expense", "prepaid_expense", scale.rent // 4, about, self.ids["KM02"], staff)
        yield Event(day, branch.ident, about, (line,))
        offset = min(branch.output_vat, branch.input_vat)
        if offset:
            branch.vat_due += branch.output_vat - offset
            branch.output_vat, branch.input_vat = 0, branch.input_vat - offset
            lines = (Line("output_vat", "input_vat", offset),)
            yield Event(day, branch.ident, f"Khấu trừ thuế GTGT tháng {day.month}", lines)
        cost, branch.sold_month = branch.sold_month * 76 // 100, 0
        lines = (Line("cost_of_goods", "goods", cost),)
        yield Event(day, branch.ident, f"Giá vốn hàng bán tháng {day.month}", lines)

    def _keep_cash(self, branch: _Branch, day: date) -> Iterator[Event]:
        bank = self._bank(branch.key)
        if branch.cash < CASH_LOW and branch.bank > BANK_LOW + 100_000_000:
            branch.cash, branch.bank = branch.cash + 100_000_000, branch.bank - 100_000_000
            yield Event(day, branch.ident, "Rút tiền gửi nhập quỹ", (Line("cash", "bank", 100_000_000),), bank=bank)
        elif branch.cash > CASH_HIGH:
            branch.cash, branch.bank = branch.cash - 200_000_000, branch.bank + 200_000_000
            yield Event(day, branch.ident, "Nộp tiền vào ngân hàng", (Line("bank", "cash", 200_000_000),), bank=bank)
        if branch.key == "hanoi" and branch.bank > 2 * BANK_LOW and branch.falls_due("transfer", day, 11):
            # The second account only receives: what it gets can never be more than it has.
            branch.bank -= 60_000_000
            line = Line("bank", "bank", 60_000_000)
            to = self.ids["BIDV-HN"]
            yield Event(day, branch.ident, "Chuyển tiền giữa hai tài khoản", (line,), bank=bank, to_bank=to)

    # --- choices

    def _happens(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def _bank(self, key: str) -> str:
        return self.ids["VCB-HN" if key == "hanoi" else "ACB-HCM"]

    def _department(self, key: str) -> str:
        return self.ids[self.random.choice(("PKD", "PHC") if key == "hanoi" else ("KD-HCM", "HC-HCM"))]

    def _partner(self, key: str, rows: tuple[tuple[str, ...], ...], but: str = "") -> str:
        return self.ids[self.random.choice([row[0] for row in rows if row[-1] == key and row[0] != but])]

    def _opened(self, key: str, rows: tuple[tuple[str, ...], ...]) -> list[tuple[str, int]]:
        """The open debts of the first few partners of a branch, summing to its scale."""
        whole = SCALES[key].receivable if rows is CUSTOMERS else SCALES[key].payable
        chosen = [self.ids[row[0]] for row in rows if row[-1] == key][:3]
        parts = [whole * share // 10 for share in (5, 3)]
        return list(zip(chosen, [*parts, whole - sum(parts)], strict=True))

    def _invoice(self, branch: _Branch, net: int, rate: str, day: date) -> Invoice:
        branch.invoices += self.random.randint(1, 40)
        return Invoice(net, rate, f"1C{day.year % 100}TMP", f"{branch.invoices:08d}", day)


def _own_funds(scale: Scale) -> int:
    """What a branch has beyond what it owes."""
    held = scale.cash + scale.bank + scale.receivable + scale.goods + scale.rent * 3 + scale.assets - scale.assets // 4
    return held - scale.payable
