"""Sổ chi tiết thanh toán với người mua (người bán): one partner on one account, with the balance after every row."""
