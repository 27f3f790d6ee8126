"""The rule of this house: keys only."""

import pytest

from e2e.conftest import Sit
from e2e.mouse import MouseForbidden


def test_reaching_for_the_mouse_fails(sit: Sit) -> None:
    desk = sit(user="")
    desk.open()
    with pytest.raises(MouseForbidden):
        desk.see("login-enter").click()
    with pytest.raises(MouseForbidden):
        desk.select("input").first.fill("past the keyboard")
