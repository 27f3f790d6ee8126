"""The cloud's schema: numbered files, each applied once, in order, in one transaction with the note that it was."""
