"""The letters of the act tables: which code refuses an act in a cell. A dot allows it."""

REASONS = {
    ".": "",
    "F": "ACT_IN_FLIGHT",
    "P": "ACT_POSTED",
    "N": "ACT_NOT_POSTED",
    "S": "ACT_NOT_SYNCED",
    "C": "ACT_CONFLICT",
    "L": "ACT_LOCKED",
    "I": "ACT_INVOICED",
    "X": "ACT_SETTLED",
    "D": "ACT_DELETED",
    "U": "ACT_UNAVAILABLE",
}
