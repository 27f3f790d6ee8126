"""Ủy nhiệm chi: an order to the bank to pay a beneficiary, with the invoices it pays and the bank's own fee."""
