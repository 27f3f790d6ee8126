"""Sổ quỹ tiền mặt, the cashier's: receipts and payments with their numbers and what is left in the fund."""
