import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.monitor.patch import apply, clean, diff

# The examples of RFC 7386, appendix A: original, patch, result.
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=2), v, max_size=4), max_leaves=12
)
documents = st.dictionaries(st.text(max_size=2), values, max_size=5)


@pytest.mark.parametrize(("original", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_standard(original: Any, patch: Any, result: Any) -> None:
    assert apply(original, patch) == result


@given(documents, documents)
def test_a_patch_makes_the_new_of_the_old(old: dict[str, Any], new: dict[str, Any]) -> None:
    old, new = clean(old), clean(new)
    assert json.dumps(apply(old, diff(old, new)), sort_keys=True) == json.dumps(new, sort_keys=True)


@given(documents)
def test_nothing_changed_needs_no_patch(document: dict[str, Any]) -> None:
    assert diff(clean(document), clean(document)) == {}


def test_unknown_is_absent_and_places_in_lists_are_kept() -> None:
    dirty = {"a": None, "b": float("inf"), "c": [1.0, None, float("nan")], "d": {"e": None}}
    assert clean(dirty) == {"c": [1.0, None, None], "d": {}}
