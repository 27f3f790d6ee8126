"""Sổ tiền gửi: one bank account, what came in, what went out, what remains."""
