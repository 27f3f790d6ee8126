"""Words without accounting: money, rate, calendar, identifier, fault, spelling, folding.

Nothing here knows what a voucher or an account is, reads a clock, or uses a float for money.
"""
