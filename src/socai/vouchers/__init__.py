"""One folder per voucher type: spec, words, form, examples. Folders never import each other."""
