"""One folder per accounting regulation, all data. Folders never import each other; the registry reads them.

In each folder:

- `words.toml`: [title], [short], [about] in vi and en.
- `since.toml`: the fiscal years it is for (first_day, last_day of a year's first day), to whom it is offered, for whom
  it is the default, its citation, and the warning shown outside its time.
- `chart.csv`: the statutory chart (code, names, parent, nature debit|credit|both, detail_by, level). `detail_by` is
  what the circular wants tracked: `none`, one dimension, or several joined by `|`.
- `house.csv`: customary sub-accounts an enterprise starts with and may remove, in the same columns.
- `default_leaf.csv`: where a posting meant for a parent account goes.
- `roles.toml`: [roles] role -> leaf account, `absent` roles, and [groups] of accounts by prefix (cash, bank,
  in_transit, monetary, gross).
- `required.toml`: the details without which a posting is refused, by account prefix.
- `forms.toml`: [forms.KEY] number, titles, perhaps subtitles; [legal] the line under a number; [head] who signs books.
- `statements.yaml`: lines of the financial statements with their formulas. No part of the product makes statements yet;
  tests keep the file right until one does.
- `from_*.csv`: the account map from another regime: old, new, kind, notes. `kind` is same, renamed, moved (another
  account takes the balance), split (several rows; the first takes what nobody assigns), judgement (a person decides;
  the rows are proposals). Kept right by tests, and read by nothing yet, either.
"""
