"""Facts to Typst to PDF. The only room that knows Typst."""
