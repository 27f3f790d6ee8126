"""Số dư đầu kỳ: what the books begin with, a grid per kind, debit and credit apart, dated the day before their first day."""
