"""The sample company of the demo: a trader in office machines with a head office and one branch. All of it is invented.

Data only, and their entries in the catalogs. Tax codes have true check digits and belong to nobody we know of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from socai.base.ident import RANDOM_BYTES, make_ident
from socai.core.example import SAMPLE

Body = Mapping[str, object]

FIRST_YEAR = 2026
NAME = "Công ty TNHH Thương mại Minh Phát"
COMPANY: Body = {
    "name": NAME,
    "address": "Số 18 phố Duy Tân, phường Cầu Giấy, thành phố Hà Nội",
    "tax_code": "0107243654",
    "phone": "024 3795 0118",
    "director": "Nguyễn Văn Minh",
    "chief_accountant": "Trần Thị Thu Hà",
    "cashier": "Lê Thị Ngọc Lan",
    "preparer": "Phạm Quỳnh Anh",
    "year_first_month": 1,
    "books_first_day": f"{FIRST_YEAR}-01-01",
    "post_on_save": True,
}
EMPTY_NAME = "Công ty Cổ phần Khởi Nguyên"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who logs in. No branches means all."""

    login: str
    name: str
    role: str
    branches: tuple[str, ...] = ()


PEOPLE = (
    Person("admin", "Đỗ Hoàng Long", "admin"),
    Person("ketoantruong", "Trần Thị Thu Hà", "chief_accountant"),
    Person("ketoan.hn", "Phạm Quỳnh Anh", "accountant", ("hanoi",)),
    Person("ketoan.hcm", "Võ Thị Mỹ Duyên", "accountant", ("hcm",)),
)
PASSWORD = "Minh-Phat-2026"

BRANCHES: Mapping[str, Body] = {
    "hanoi": {"code": "HN", "name": "Trụ sở Hà Nội", "kind": "head_office", "address": COMPANY["address"]},
    "hcm": {
        "code": "HCM",
        "name": "Chi nhánh Thành phố Hồ Chí Minh",
        "kind": "dependent",
        "address": "Số 242 đường Cộng Hòa, phường Tân Bình, Thành phố Hồ Chí Minh",
        "tax_code": COMPANY["tax_code"],
    },
}

# code, name, tax code, address, branch that deals with it
CUSTOMERS = (
    ("KH001", "Công ty Cổ phần Xây dựng Đông Đô", "0101874325", "Số 5 phố Trần Thái Tông, Cầu Giấy, Hà Nội", "hanoi"),
    ("KH002", "Trường Trung học phổ thông Ngọc Hồi", "0104417782", "Thanh Trì, Hà Nội", "hanoi"),
    ("KH003", "Công ty TNHH Dược phẩm An Bình", "0106235918", "Số 31 phố Láng Hạ, Đống Đa, Hà Nội", "hanoi"),
    ("KH004", "Công ty Cổ phần Logistics Bắc Kỳ", "0201687745", "Số 9 đường Lê Hồng Phong, Hải Phòng", "hanoi"),
    ("KH005", "Bệnh viện Đa khoa Tâm Đức", "2400716539", "Số 112 đường Hùng Vương, Bắc Ninh", "hanoi"),
    ("KH006", "Công ty TNHH Giáo dục Hoa Sen", "0108341252", "Số 66 phố Nguyễn Phong Sắc, Hà Nội", "hanoi"),
    ("KH007", "Công ty Cổ phần Thực phẩm Sông Hồng", "0102957415", "Khu công nghiệp Phú Thị, Gia Lâm, Hà Nội", "hanoi"),
    ("KH008", "Văn phòng Luật sư Minh Khuê và Cộng sự", "0109126473", "Số 14 phố Hàng Bài, Hà Nội", "hanoi"),
    ("KH009", "Công ty TNHH Cơ khí Thăng Long", "0105583912", "Đông Anh, Hà Nội", "hanoi"),
    ("KH010", "Lanexang Office Supply Sole Co., Ltd", "", "Vientiane, Lào", "hanoi"),
    ("KH021", "Công ty TNHH Thời trang Phương Nam", "0312648967", "Số 88 đường Nguyễn Trãi, Quận 5", "hcm"),
    ("KH022", "Công ty Cổ phần Bao bì Tân Tiến Phát", "0309471597", "Khu công nghiệp Tân Bình", "hcm"),
    ("KH023", "Trung tâm Ngoại ngữ Sài Gòn Mới", "0315782657", "Số 45 đường Điện Biên Phủ, Bình Thạnh", "hcm"),
    ("KH024", "Công ty TNHH Nội thất Gỗ Việt", "3702519465", "Thuận An, Bình Dương cũ, Thành phố Hồ Chí Minh", "hcm"),
    ("KH025", "Công ty Cổ phần Thủy sản Cửu Long Xanh", "1801463259", "Số 7 đường 30 tháng 4, Cần Thơ", "hcm"),
    ("KH026", "Phòng khám Nhi đồng Hạnh Phúc", "0316249787", "Số 19 đường Phan Xích Long, Phú Nhuận", "hcm"),
)
VENDORS = (
    ("NCC001", "Công ty TNHH Phân phối Máy tính Việt Thành", "0103862540", "Số 2 phố Thái Hà, Hà Nội", "hanoi"),
    ("NCC002", "Công ty Cổ phần Thiết bị Văn phòng Đại Nam", "0104795216", "Số 77 đường Giải Phóng, Hà Nội", "hanoi"),
    ("NCC003", "Công ty TNHH Mực in Hoàng Gia", "0106914275", "Số 120 phố Lê Thanh Nghị, Hà Nội", "hanoi"),
    ("NCC004", "Công ty Cổ phần Bất động sản Duy Tân", "0102468171", "Số 18 phố Duy Tân, Hà Nội", "hanoi"),
    ("NCC005", "Công ty Cổ phần Điện nước Tây Đô", "0105317822", "Cầu Giấy, Hà Nội", "hanoi"),
    ("NCC006", "Công ty TNHH Vận tải Nhanh 24", "0107519849", "Hoàng Mai, Hà Nội", "hanoi"),
    ("NCC007", "Công ty Cổ phần Viễn thông Liên Việt", "0101592680", "Số 1 phố Phạm Hùng, Hà Nội", "hanoi"),
    ("NCC021", "Công ty TNHH Thiết bị số Bến Thành", "0311857421", "Số 301 đường Trần Hưng Đạo, Quận 1", "hcm"),
    ("NCC022", "Công ty TNHH Giấy in Tân Á", "0314926585", "Quận 12, Thành phố Hồ Chí Minh", "hcm"),
    ("NCC023", "Công ty Cổ phần Tòa nhà Cộng Hòa", "0308642916", "Số 242 đường Cộng Hòa, Tân Bình", "hcm"),
    ("NCC024", "Hợp tác xã Vận tải Tân Bình", "0305179288", "Tân Bình, Thành phố Hồ Chí Minh", "hcm"),
)
EMPLOYEES = (
    ("NV001", "Nguyễn Văn Minh", "hanoi"), ("NV002", "Trần Thị Thu Hà", "hanoi"), ("NV003", "Phạm Quỳnh Anh", "hanoi"),
    ("NV004", "Lê Thị Ngọc Lan", "hanoi"), ("NV005", "Hoàng Đức Thắng", "hanoi"), ("NV006", "Bùi Quang Huy", "hanoi"),
    ("NV021", "Võ Thị Mỹ Duyên", "hcm"), ("NV022", "Huỳnh Tấn Lộc", "hcm"), ("NV023", "Đặng Hồng Nhung", "hcm"),
)  # fmt: skip
BANK_ACCOUNTS = (
    ("VCB-HN", "0011004287615", "Ngân hàng TMCP Ngoại thương Việt Nam", "Chi nhánh Thăng Long", "VND", "hanoi"),
    ("BIDV-HN", "21510000748392", "Ngân hàng TMCP Đầu tư và Phát triển Việt Nam", "Chi nhánh Cầu Giấy", "VND", "hanoi"),
    ("VCB-HN-USD", "0011374287615", "Ngân hàng TMCP Ngoại thương Việt Nam", "Chi nhánh Thăng Long", "USD", "hanoi"),
    ("ACB-HCM", "182736455", "Ngân hàng TMCP Á Châu", "Chi nhánh Cộng Hòa", "VND", "hcm"),
)
FUNDS = (("QUY-HN", "Quỹ tiền mặt Hà Nội", "hanoi"), ("QUY-HCM", "Quỹ tiền mặt Thành phố Hồ Chí Minh", "hcm"))
EXPENSE_ITEMS = (
    ("KM01", "Lương và các khoản theo lương"), ("KM02", "Thuê văn phòng"), ("KM03", "Điện, nước"),
    ("KM04", "Điện thoại, internet"), ("KM05", "Vận chuyển, bốc xếp"), ("KM06", "Văn phòng phẩm"),
    ("KM07", "Công tác phí"), ("KM08", "Tiếp khách"), ("KM09", "Khấu hao"), ("KM10", "Phí ngân hàng"),
)  # fmt: skip
DEPARTMENTS = (
    ("PKD", "Phòng Kinh doanh", "hanoi"), ("PKT", "Phòng Kế toán", "hanoi"), ("PHC", "Phòng Hành chính", "hanoi"),
    ("KD-HCM", "Bộ phận Kinh doanh", "hcm"), ("HC-HCM", "Bộ phận Hành chính", "hcm"),
)  # fmt: skip


class Catalogs:
    """Every entry of the sample company with a fixed id: the same seed gives the same company."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._made_at = 1_767_225_600_000  # 1 January 2026, in milliseconds
        self.ids: dict[str, str] = {}
        self.bodies: dict[str, Body] = {}
        self.kinds: dict[str, str] = {}
        for code, body in BRANCHES.items():
            self._add("branch", code, body)
        for kind, code, body in self._rows():
            self._add(kind, code, body)
        self.sample_ids = self._samples()

    def _add(self, kind: str, key: str, body: Body) -> None:
        ident = make_ident(self._made_at, self._random.randbytes(RANDOM_BYTES))
        self.ids[key], self.bodies[ident], self.kinds[ident] = ident, body, kind

    def branch(self, key: str) -> str:
        """The id of a branch by its short name."""
        return self.ids[key]

    def after_setup(self) -> Iterator[tuple[str, str, Body]]:
        """(kind, id, body) of everything but the head office, in an order in which references exist."""
        head = self.ids["hanoi"]
        for ident, body in self.bodies.items():
            if ident != head:
                yield self.kinds[ident], ident, body

    def _samples(self) -> dict[str, str]:
        """Ids of the entries that the examples of voucher types name: own ones where the company has the like."""
        like = {"HN": "hanoi", "HCM": "hcm", "QTM": "QUY-HN"}
        like |= {"VCB": "VCB-HN", "BIDV": "BIDV-HN", "VCB-USD": "VCB-HN-USD"}
        found: dict[str, str] = {}
        for kind, entries in SAMPLE.items():
            for code, told in entries.items():
                if code not in like and told.get("active") != "no":
                    self._add(kind, code, {"code": code, "name": told["name"], **_partner_flag(kind, code)})
                found |= {code: self.ids[like.get(code, code)]} if like.get(code, code) in self.ids else {}
        return found

    def _rows(self) -> Iterator[tuple[str, str, Body]]:
        for code, name, branch in DEPARTMENTS:
            yield "department", code, {"code": code, "name": name, "branch": self.ids[branch]}
        for code, name in EXPENSE_ITEMS:
            yield "expense_item", code, {"code": code, "name": name}
        for code, name, branch in FUNDS:
            yield "fund", code, {"code": code, "name": name, "branch": self.ids[branch]}
        for key, number, bank, bank_branch, currency, branch in BANK_ACCOUNTS:
            names = {"bank_name": bank, "bank_branch": bank_branch, "currency": currency}
            yield "bank_account", key, {"code": number, "name": key, "branch": self.ids[branch], **names}
        for rows, flag in ((CUSTOMERS, "is_customer"), (VENDORS, "is_vendor")):
            for code, name, tax_code, address, _ in rows:
                more = _bank_of(code) if flag == "is_vendor" else {}
                yield "partner", code, {
                    "code": code, "name": name, "tax_code": tax_code, "address": address, flag: True, **more,
                }  # fmt: skip
        for code, name, _ in EMPLOYEES:
            yield "partner", code, {"code": code, "name": name, "is_employee": True}


def _partner_flag(kind: str, code: str) -> dict[str, object]:
    """What a partner of the examples is, told by its code."""
    flags = {"KH": "is_customer", "NCC": "is_vendor", "NV": "is_employee"}
    found = next((flag for mark, flag in flags.items() if code.startswith(mark)), "is_customer")
    return {found: True} if kind == "partner" else {}


def _bank_of(code: str) -> dict[str, object]:
    """A vendor's bank account, for the orders that pay it."""
    digits = "".join(letter for letter in code if letter.isdigit())
    return {
        "bank_number": f"1903{int(digits) * 73_561:010d}",
        "bank_name": "Ngân hàng TMCP Kỹ thương Việt Nam",
        "bank_branch": "Hội sở",
    }
