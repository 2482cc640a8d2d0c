"""A difference between two policies, in words: what the new one asks that the old one did not, and the other way round.

`between` makes it by comparing what the policies say, defaults included, so layout and comments make none. Two
policies have a difference exactly when their digests differ; the order of lists is part of the digest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from registration.documents import spelled
from registration.policy import canonical, wording

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.policy.document import Policy
    from registration.policy.yaml_text import Path

# Told by functions of their own, or the same in every policy.
_TOLD_APART = {"models", "match", "apiVersion", "kind"}


@dataclass(frozen=True)
class Change:
    """One thing that differs. `old` and `new` are None where the policy does not say it."""

    model: str | None
    path: str
    old: Any
    new: Any
    words: str

    def __str__(self) -> str:
        return f"{self.model}: {self.words}" if self.model else self.words

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "words": str(self)}


def between(old: Policy | None, new: Policy | None) -> tuple[Change, ...]:
    """Every change from `old` to `new`, either of which may not exist; empty if they mean the same."""
    before, after = _said(old), _said(new)
    found = (*_of_models(before, after), *_of_match(before, after), *_of_members(None, _rest(before), _rest(after)))
    if found or (old and new and old.digest == new.digest):
        return found
    return (*_of_order("models", before, after), *_of_order("match.any", before, after)) or _unnamed(before, after)


def _said(policy: Policy | None) -> dict[str, Any]:
    """All it says, defaults included; of its metrics only what does not hold anyway."""
    if policy is None:
        return {}
    whole, brief = policy.model_dump(mode="json", by_alias=True), canonical.said(policy)
    models = zip(whole["models"], brief["models"], strict=True)
    return {**whole, "models": [{**model, "metrics": short.get("metrics", {})} for model, short in models]}


def _rest(said: Mapping[str, Any]) -> dict[str, Any]:
    """A policy that does not exist has the mode that one has by default."""
    return {"mode": "enforce"} | {key: value for key, value in said.items() if key not in _TOLD_APART}


def _of_models(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = ({model["name"]: model for model in said.get("models", ())} for said in (before, after))
    for name in old.keys() - new.keys():
        yield Change(name, "models", name, None, "is no longer a model of this policy")
    for name, model in new.items():
        if name not in old:
            yield Change(name, "models", None, name, "is a new model of this policy")
        yield from _of_members(name, old.get(name, {"name": name}), model, quiet=name not in old)


def _of_members(
    model: str | None, before: Mapping[str, Any], after: Mapping[str, Any], *, quiet: bool = False
) -> Iterator[Change]:
    """`quiet` leaves out what a model that is new says by default."""
    gone = before.get("metrics", {}).keys() - after.get("metrics", {}).keys()
    for name in sorted(gone):
        yield Change(model, spelled(("metrics", name)), before["metrics"][name], None, wording.gone(name))
    old = {path: value for path, value in _leaves(before) if path[:1] != ("metrics",) or path[1] not in gone}
    new = dict(_leaves(after))
    for path in {**old, **new}:
        was, now = old.get(path), new.get(path)
        if was != now and not (quiet and not _is_asked(path)):
            yield Change(model, spelled(path), was, now, wording.change(path, old=was, new=now))


def _is_asked(path: Path) -> bool:
    return path[0] in {"metrics", "require", "budget", "group"}


def _leaves(said: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that is said, by its place; a list is one value, and what is not said or empty is no leaf."""
    if isinstance(said, Mapping):
        for key, value in said.items():
            yield from _leaves(value, (*path, key))
        if not said and path[:1] == ("metrics",):
            yield path, {}
    elif said not in (None, "", []):
        yield path, said


def _of_match(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    old, new = ({_key(entry): entry for entry in _entries(said)} for said in (before, after))
    for key, entry in old.items():
        if key not in new:
            yield Change(None, "match.any", entry, None, f"no longer takes {wording.match(entry)}")
    for key, entry in new.items():
        if key not in old:
            yield Change(None, "match.any", None, entry, f"{'now ' if old else ''}takes {wording.match(entry)}")


def _entries(said: Mapping[str, Any]) -> list[Any]:
    return list(said.get("match", {}).get("any", ()))


def _key(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _of_order(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs in order alone: it changes the digest, and no decision."""
    old, new = (said["models"] if path == "models" else _entries(said) for said in (before, after))
    if list(map(_key, old)) == list(map(_key, new)):
        return ()
    return (Change(None, path, None, None, f"the order of {path} changed; no decision depends on it"),)


def _unnamed(before: object, after: object) -> tuple[Change, ...]:
    return (Change(None, "", before, after, "the policies say the same in another way"),) if before != after else ()
