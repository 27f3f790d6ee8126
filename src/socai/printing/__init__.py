"""Facts to paper: vouchers and books as PDF through Typst, books as spreadsheets. No SQL, no HTTP, no decisions."""

from socai.printing.report import BookFacts, report_pdf
from socai.printing.sheet import report_xlsx
from socai.printing.voucher import Paper, voucher_facts, vouchers_pdf

__all__ = ["BookFacts", "Paper", "report_pdf", "report_xlsx", "voucher_facts", "vouchers_pdf"]
