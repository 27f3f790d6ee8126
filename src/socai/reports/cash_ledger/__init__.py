"""Sổ kế toán chi tiết quỹ tiền mặt, the accountant's: as the cashier's, with counter accounts; both must agree."""
