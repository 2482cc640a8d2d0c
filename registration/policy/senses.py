"""The usual sense of a metric: which way it gets better and what values it can have, told from its name.

Only names that mean one thing nearly everywhere are known. A name that holds words of both kinds (`accuracy_loss`)
has no usual sense here, and nor has one that is counted in percent a range. It is a guess for `lint`; decisions never
look at it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from registration.policy.amounts import Direction


@dataclass(frozen=True)
class Sense:
    """`low` and `high` are the least and the largest value there can be; None where there is no limit."""

    word: str
    direction: Direction
    low: Decimal | None = None
    high: Decimal | None = None

    @property
    def better(self) -> str:
        """`higher` or `lower`."""
        return "higher" if self.direction is Direction.MAXIMIZE else "lower"


_ZERO, _ONE, _MINUS_ONE = Decimal(0), Decimal(1), Decimal(-1)
_SHARES = "accuracy acc auc auroc auprc aucpr f1 precision recall sensitivity specificity tpr tnr iou jaccard dice ndcg"
_CORRELATIONS = "mcc kappa spearman pearson"
_ERROR_SHARES = "brier ece fpr fnr"
_SIZES = "rmse mae mse rmsle mape smape latency wer cer"
_OPEN = "loss error err perplexity"


def _words(said: str) -> tuple[str, ...]:
    return tuple(said.split())


_PARTS = re.compile(r"[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*|[0-9]+")
_PERCENT = {"pct", "percent", "percentage"}
# Words that make another thing of a metric: its negative, its spread, how far it moved.
_ANOTHER = frozenset(
    _words("neg negative inv inverse minus std stddev var variance ci gap drop delta diff difference gain lift")
)


def _known() -> dict[str, Sense]:
    up, down = Direction.MAXIMIZE, Direction.MINIMIZE
    return {
        **{word: Sense(word, up, _ZERO, _ONE) for word in _words(_SHARES)},
        **{word: Sense(word, up, _MINUS_ONE, _ONE) for word in _words(_CORRELATIONS)},
        "r2": Sense("r2", up, None, _ONE),
        **{word: Sense(word, down, _ZERO, _ONE) for word in _words(_ERROR_SHARES)},
        **{word: Sense(word, down, _ZERO) for word in _words(_SIZES)},
        **{word: Sense(word, down) for word in _words(_OPEN)},
    }


_SENSES = _known()


def usual(metric: str) -> Sense | None:
    """The sense that the words of a metric's name agree on, if they hold any that is known."""
    parts = [part.lower() for part in _PARTS.findall(metric)]
    found = [_SENSES[part] for part in parts if part in _SENSES]
    if not found or len({sense.direction for sense in found}) > 1 or _ANOTHER & set(parts):
        return None
    ranges = {(sense.low, sense.high) for sense in found}
    is_plain = len(ranges) == 1 and not _PERCENT & set(parts)
    return found[0] if is_plain else Sense(found[0].word, found[0].direction)
