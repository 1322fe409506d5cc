"""JSON merge patches (RFC 7386): what changed between two documents, and how to apply it."""

import math
from typing import Any

Json = dict[str, Any]


def clean(value: Any) -> Any:
    """`value` as JSON can carry it in merge patches: members that are None or not finite are left out.

    A merge patch cannot say "set to null" (null removes a member), so unknown is absent. Elements of an
    array keep their place as None.
    """
    if isinstance(value, dict):
        members = ((key, clean(member)) for key, member in value.items())
        return {key: member for key, member in members if member is not None}
    if isinstance(value, list | tuple):
        return [clean(member) for member in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def diff(old: Json, new: Json) -> Json:
    """The smallest patch that turns `old` into `new`; both cleaned, so no member is None."""
    patch: Json = {key: None for key in old if key not in new}
    for key, value in new.items():
        before = old.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            if inner := diff(before, value):
                patch[key] = inner
        elif before != value or type(before) is not type(value):
            patch[key] = value
    return patch


def apply(target: Any, patch: Any) -> Any:
    """`target` with `patch` merged in; neither argument is changed."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = apply(result.get(key), value)
    return result
