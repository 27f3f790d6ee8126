"""`python -m socai.cli`: the same as `socai`, for processes that must not depend on the search path."""

from socai.cli.main import main

main()
