"""The product in a real browser, its mouse unplugged: every story is typed, and read off the screen."""
