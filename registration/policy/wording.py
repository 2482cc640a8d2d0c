"""The wording of a policy: what it asks, and what changed in it, as a person would say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from registration.documents import spelled
from registration.policy.drop import Limits

if TYPE_CHECKING:
    from registration.policy.yaml_text import Path

# What a rule asks of a metric, and what is said when it asks no longer.
_RULES: Final[Mapping[tuple[str | int, ...], tuple[str, str]]] = {
    ("min",): ("must {now}be at least {new}", "no longer has a minimum"),
    ("max",): ("must {now}be at most {new}", "no longer has a maximum"),
    ("above",): ("must {now}be above {new}", "need no longer be above a bound"),
    ("below",): ("must {now}be below {new}", "need no longer be below a bound"),
    ("patterns",): ("{now}takes a slice by the first that fits of {new}", "no longer has several patterns of slices"),
    ("vs_champion", "max_regression"): (
        "may {now}be {new} worse than {other}",
        "has no max_regression any more",
    ),
    ("vs_champion", "min_improvement"): (
        "must {now}be at least {new} better than {other}",
        "has no min_improvement any more",
    ),
    ("vs_champion", "max_improvement"): (
        "may {now}be at most {new} better than {other}",
        "has no max_improvement any more",
    ),
    ("vs_champion", "strict"): (
        "must {now}be better than {other}, by however little",
        "need no longer be strictly better than {other}",
    ),
    ("direction",): ("is {now}something to {new}", "no longer says which way is better"),
    ("tolerance",): ("{now}has a tolerance of {new}", "no longer has a tolerance"),
    ("severity",): ("{now}has the severity {new}", "no longer has a severity of its own"),
}
_NOTHING: Final = ("0", "0%")
_PLACE: Final = ("account", "container", "prefix")
_UNSAID: Final = {"completeness": "manifest", "extra": "ignore", "limits": Limits().model_dump()}


def change(path: Path, *, old: Any, new: Any) -> str:
    """What it means that `old` became `new` at `path` inside a model or a policy; None is: not said."""
    metric, asked = _rule_of(path)
    if metric is not None and not asked:
        return f"{metric} is named, and nothing is asked of it"
    if metric is None or asked not in _RULES:
        return _plainly(spelled(path), old, new)
    return f"{metric} {_filled(asked, old, new)}"


def gone(metric: str) -> str:
    """What it means that a policy no longer names `metric`."""
    return f"{metric} is no longer looked at"


def match(entry: Mapping[str, Any]) -> str:
    """One entry of `match.any`, such as `jobs of experiment churn-* with the tag register=true`."""
    job, drop = entry.get("job"), entry.get("drop")
    return _jobs(job) if job else _drops(drop or {})


def value(said: Any) -> str:
    """A value as a policy writes it."""
    if isinstance(said, Mapping):
        return "{" + ", ".join(f"{key}: {value(inner)}" for key, inner in said.items() if inner is not None) + "}"
    if isinstance(said, list | tuple):
        return "[" + ", ".join(map(value, said)) + "]"
    return str(said).lower() if isinstance(said, bool) else str(said)


def _rule_of(path: Path) -> tuple[str | None, Path]:
    """The metric, with its slice if it has one, and what is asked of it."""
    match path:
        case ("metrics", metric, "slices", part, *asked):
            return f"{metric} in {_slice(str(part))}", tuple(asked)
        case ("metrics", metric, *asked):
            return str(metric), tuple(asked)
        case _:
            return None, ()


def _slice(name: str) -> str:
    if name == "*":
        return "every other slice"
    return f"every slice {name}" if "*" in name else f"slice {name}"


def _filled(asked: Path, old: Any, new: Any) -> str:
    asks, asks_no_more = _RULES[asked]
    sentence = asks if new is not None else asks_no_more
    if asked == ("vs_champion", "max_regression") and new in _NOTHING:
        sentence = "may {now}not be worse than {other}"
    amount, whichever = _both(asked, new) if isinstance(new, list) and asked[0] == "vs_champion" else (value(new), "")
    words = sentence.format(now="now " if old is not None else "", new=amount, other="the champion") + whichever
    return words if old is None or old is True else f"{words} (was {value(old)})"


def _both(asked: Path, amounts: list[str]) -> tuple[str, str]:
    """Two amounts of which both must hold, and which of them is the one that counts."""
    return " or ".join(amounts), f", whichever is {'more' if asked[1] == 'min_improvement' else 'less'}"


def _plainly(place: str, old: Any, new: Any) -> str:
    if new is None:
        return f"{place} is no longer said (was {value(old)})"
    was = "" if old is None else f" (was {value(old)})"
    return f"{place} is {'' if old is None else 'now '}{value(new)}{was}"


def _jobs(job: Mapping[str, Any]) -> str:
    experiment, tags = job.get("experiment"), job.get("tags") or {}
    said = f"jobs of experiment {experiment}" if experiment else "jobs of any experiment"
    return said + "".join(f" with the tag {name}={pattern}" for name, pattern in tags.items())


def _drops(drop: Mapping[str, Any]) -> str:
    where = "/".join(str(drop[part]) for part in ("account", "container") if drop.get(part))
    said = f"drops in {where}/{drop.get('prefix') or ''}"
    more = [f"{key} {value(inner)}" for key, inner in drop.items() if key not in _PLACE and inner != _UNSAID.get(key)]
    return f"{said} with {', '.join(more)}" if more else said
