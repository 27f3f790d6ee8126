"""Bảng kê số dư ngân hàng: every bank account, with what came in and went out. A form of practice, without number."""
