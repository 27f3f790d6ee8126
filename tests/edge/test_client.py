"""Row 19: whoever answers in the cloud's place is told apart from a line that is down; nothing of it is taken."""

from __future__ import annotations

import httpx
import pytest

from socai.edge.client import SEEN_BYTES, CloudClient, CloudForeign, CloudRefused, CloudUnreachable

PAGE = "<html><body>Chào mừng quý khách" + "x" * 10_000


def answered(answer: httpx.Response | Exception) -> CloudClient:
    """A client whose every request is answered so."""

    def reply(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return CloudClient("http://cloud.example", "replica-1", bytes(32), transport=httpx.MockTransport(reply))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html=PAGE),
        httpx.Response(200, json={"welcome": "guest"}),
        httpx.Response(200, json=[]),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(302, headers={"Location": "http://login.example"}),
        httpx.Response(502, html="<h1>Bad Gateway</h1>"),
        httpx.Response(404, content=b"\xff"),
    ],
    ids=["page", "other shape", "no object", "no text", "redirect", "gateway", "no text refused"],
)
def test_an_answer_of_somebody_elses_is_foreign(answer: httpx.Response) -> None:
    with pytest.raises(CloudForeign, match=rf"^HTTP {answer.status_code} ") as told:
        answered(answer).digests()
    assert len(str(told.value)) <= SEEN_BYTES + 80


def test_a_line_that_is_down_is_not_foreign() -> None:
    with pytest.raises(CloudUnreachable) as told:
        answered(httpx.ConnectError("no route")).digests()
    assert not isinstance(told.value, CloudForeign)


def test_the_clouds_own_refusal_is_not_foreign() -> None:
    refusal = httpx.Response(429, json={"code": "RATE_LIMITED"}, headers={"Retry-After": "7"})
    with pytest.raises(CloudRefused) as told:
        answered(refusal).digests()
    assert (told.value.code, told.value.retry_after) == ("RATE_LIMITED", 7.0)
