"""JSON merge patches (RFC 7386): what changed between two states, and how to apply it.

In a patch null means that the member is gone. The states of the house use null for "unknown", so a
client treats a missing member and null alike; lists are always sent whole.
"""

import math
from typing import Any

Json = dict[str, Any]


def clean(value: Any) -> Any:
    """`value` as a client sees it: members that are None or not finite are absent; a list keeps its places as None."""
    if isinstance(value, dict):
        members = ((key, clean(member)) for key, member in value.items())
        return {key: member for key, member in members if member is not None}
    if isinstance(value, list | tuple):
        return [clean(member) for member in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1, but 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def diff(old: Json, new: Json) -> Json:
    """The smallest patch that makes `new` of `old`, up to members that are null."""
    patch: Json = {}
    for key, value in old.items():
        if value is not None and new.get(key) is None:
            patch[key] = None
    for key, value in new.items():
        before = old.get(key)
        if value is None or same(before, value):
            continue
        patch[key] = diff(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return patch


def merge(target: Any, patch: Any) -> Any:
    """`target` with `patch` applied, as RFC 7386 section 2 writes it; neither is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result
