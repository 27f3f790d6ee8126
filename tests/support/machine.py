"""State machines of hypothesis as two test classes: a few examples in the ordinary run, many in the long one."""

from __future__ import annotations

import unittest

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine

LONGER = 40


def cases(
    machine: type[RuleBasedStateMachine], examples: int, steps: int = 30
) -> tuple[type[unittest.TestCase], type[unittest.TestCase]]:
    """The machine's test case with `examples`, and one marked long with forty times as many."""

    def sized(name: str, count: int) -> type[unittest.TestCase]:
        found = settings(max_examples=count, stateful_step_count=steps, deadline=None)
        return type(name, (machine.TestCase,), {"settings": found, "__doc__": machine.__doc__})

    return sized(machine.__name__, examples), pytest.mark.long(sized(f"{machine.__name__}Long", examples * LONGER))
