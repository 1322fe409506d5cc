import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.master.rpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    PARSE_ERROR,
    Request,
    RpcError,
    answer,
    failure,
    notification,
    parse,
)

GOOD = {"jsonrpc": "2.0", "method": "state", "id": 7}


@pytest.mark.parametrize("number", [0, -1, 1.5, "x", "\ud800", None, 10**300])
def test_a_request_is_read(number: Any) -> None:
    request = parse(json.dumps(GOOD | {"id": number, "params": {"a": 1}}).encode())
    assert request == Request("state", {"a": 1}, number, True)


def test_without_an_id_nobody_waits_for_an_answer() -> None:
    assert not parse(b'{"jsonrpc":"2.0","method":"state"}').known


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (b"", PARSE_ERROR, "not JSON"),
        (b"GET / HTTP/1.1\r\n", PARSE_ERROR, "not JSON"),
        (b"\xff\xfe\x00", PARSE_ERROR, "not JSON"),
        (b"[" * 60_000, PARSE_ERROR, "not JSON"),
        (b"9" * 60_000, PARSE_ERROR, "not JSON"),
        (b'{"jsonrpc":"2.0","method":"state","id":NaN}', PARSE_ERROR, "not JSON"),
        (b"[]", INVALID_REQUEST, "batches are not taken"),
        (b"3", INVALID_REQUEST, "not an object"),
        (b"{}", INVALID_REQUEST, '"jsonrpc":"2.0"'),
        (b'{"jsonrpc":"2.0","method":5,"id":1}', INVALID_REQUEST, '"method"'),
        (b'{"jsonrpc":"1.0","method":"state","id":1}', INVALID_REQUEST, '"jsonrpc":"2.0"'),
        (b'{"jsonrpc":"2.0","method":"state","id":true}', INVALID_REQUEST, "id must be"),
        (b'{"jsonrpc":"2.0","method":"state","id":[]}', INVALID_REQUEST, "id must be"),
        (b'{"jsonrpc":"2.0","method":"state","id":1,"params":[1]}', INVALID_PARAMS, "by name"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(line: bytes, code: int, said: str) -> None:
    with pytest.raises(RpcError, match=said) as problem:
        parse(line)
    assert problem.value.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ALMOST = st.fixed_dictionaries(
    {}, optional={"jsonrpc": st.just("2.0") | JSON, "method": st.text() | JSON, "id": JSON, "params": JSON, "x": JSON}
)


@given(
    line=st.binary()
    | st.text().map(lambda t: t.encode("utf-8", "surrogatepass"))
    | (JSON | ALMOST).map(lambda v: json.dumps(v).encode())
)
def test_no_line_does_more_than_be_refused_and_every_refusal_can_be_sent(line: bytes) -> None:
    try:
        request = parse(line)
    except RpcError as problem:
        sent = failure(problem)
    else:
        sent = answer(request.number, request.params)
    assert sent.endswith(b"\n")
    assert sent.count(b"\n") == 1
    assert json.loads(sent)["jsonrpc"] == "2.0"


def test_ready_json_is_passed_on_as_it_is() -> None:
    assert json.loads(answer(1, b'{"soc":0.50}'))["result"] == {"soc": 0.5}
    told = json.loads(notification("state", seq=3, patch=b'{"a":null}'))
    assert told == {"jsonrpc": "2.0", "method": "state", "params": {"seq": 3, "patch": {"a": None}}}
