"""Words without accounting: money, quantity, rate, calendar, identifier, fault, spelling, folding.

Nothing here knows what a voucher or an account is, reads a clock, or uses a float for money.
"""
