"""One folder per report: spec, words, layout, examples. Folders never import each other."""
