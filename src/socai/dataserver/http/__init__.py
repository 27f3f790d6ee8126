"""The dataserver's HTTP doors: requests in, faults and answers out. No SQL here."""
