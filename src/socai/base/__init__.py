"""Words without accounting: money, quantity, rate, calendar, ident, fault, spelling. Pure: no I/O, clock or chance."""
