"""The API against its own description: whatever is sent to any address, the server answers and never breaks."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.office import TENANT, Served, served

EXAMPLES = 6
UNTOUCHED = frozenset(("login", "logout", "events"))  # the session is needed to the end; the stream never ends


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("office")) as found:
        yield found


@pytest.fixture(scope="module")
def schema(house: Served) -> schemathesis.BaseSchema:
    description = httpx.get(f"{house.url}/schema/openapi.json").json()
    return schemathesis.openapi.from_dict(description)


def test_no_request_breaks_the_server(house: Served, schema: schemathesis.BaseSchema) -> None:
    """Requests made from the description, right ones and nearly right ones: always an answer, never a 5xx of ours."""
    admin = house.client("admin")
    headers = {"authorization": admin.headers["authorization"]}
    broken: list[str] = []
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.definition.raw.get("operationId") in UNTOUCHED:
            continue
        tried += 1

        @given(case=operation.as_strategy(), own=st.booleans())
        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def ask(case: schemathesis.Case, own: bool) -> None:
            if own and "tenant" in (case.path_parameters or {}):
                case.path_parameters["tenant"] = TENANT
            answer = case.call(base_url=house.url, headers=headers)
            if answer.status_code >= 500 and answer.json().get("code") != "CLOUD_UNREACHABLE":
                broken.append(f"{case.method} {case.path}: {answer.status_code} {answer.text[:300]}")
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"], answer.headers

        ask()
    assert tried > 30
    assert broken == []


def test_answers_are_what_the_description_says(house: Served, schema: schemathesis.BaseSchema) -> None:
    """The plain questions every client asks at start, checked against the described answers."""
    admin = house.client("admin")
    headers = {"authorization": admin.headers["authorization"]}
    for path in ("spec", "company", "vouchers", "sync", "users", "fiscal-years", "locks", "sync/results"):
        operation = schema["/api/t/{tenant}/" + path]["GET"]
        case = operation.Case(path_parameters={"tenant": TENANT}, headers=headers)
        answer = case.call(base_url=house.url)
        assert answer.status_code == 200, answer.text
        operation.validate_response(answer)
