"""Phiếu chi: money out of a cash fund, with the input invoices it pays. A foreign payment posts at the typed rate."""
