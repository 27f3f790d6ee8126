"""One folder per accounting regulation: chart, statements, forms, dates. Folders never import each other."""
