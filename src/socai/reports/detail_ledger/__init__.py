"""Sổ chi tiết các tài khoản: an account with the balance after every row, of one partner or one currency where chosen."""
