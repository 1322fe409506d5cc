from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tbms.model.patch import clean, diff, merge, same

SCALAR = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 2.5]) | st.sampled_from(["", "a"])
JSON = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
OBJECT = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


# RFC 7386, appendix A
@pytest.mark.parametrize(
    ("original", "patch", "result"),
    [
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
    ],
)
def test_the_examples_of_the_standard(original: object, patch: object, result: object) -> None:
    assert merge(original, patch) == result


@given(old=OBJECT, new=OBJECT)
def test_a_patch_makes_the_new_state_of_the_old(old: dict[str, object], new: dict[str, object]) -> None:
    assert same(clean(merge(old, diff(old, new))), clean(new))


@given(states=st.lists(OBJECT, min_size=2, max_size=6))
def test_a_client_that_follows_patches_never_drifts(states: list[dict[str, object]]) -> None:
    held: object = states[0]
    for old, new in pairwise(states):
        held = merge(held, diff(old, new))
    assert same(clean(held), clean(states[-1]))


@given(state=OBJECT)
def test_nothing_changed_is_an_empty_patch(state: dict[str, object]) -> None:
    assert diff(state, state) == {}


def test_true_is_not_one() -> None:
    assert diff({"on": 1}, {"on": True}) == {"on": True}
    assert diff({"on": [1]}, {"on": [True]}) == {"on": [True]}


def test_unknown_is_absent_and_places_in_lists_are_kept() -> None:
    dirty = {"a": None, "b": float("inf"), "c": [1.0, None, float("nan")], "d": {"e": None}}
    assert clean(dirty) == {"c": [1.0, None, None], "d": {}}
