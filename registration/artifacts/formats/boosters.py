"""Trees in their libraries' own formats: XGBoost, LightGBM and CatBoost. They hold numbers and names, and no code.

https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html: XGBoost writes JSON, or the same as UBJSON.
LightGBM writes text, CatBoost a FlatBuffers core behind `CBM1`. That the trees make sense is not checked.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from registration.artifacts.formats.format import Format, Look, nothing
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_UBJSON = re.compile(rb"\{[iUIlL]\x00{0,7}\x07(?:learner|version)")
_JSON = re.compile(rb"\s*\{\s*\"(?:learner|version)\"\s*:")
_LIGHTGBM = re.compile(rb"tree\r?\nversion=v[0-9]+\r?\n")
_CATBOOST = b"CBM1"
_CATBOOST_HEAD = 8  # magic, then the length of the core


def _is_ubjson(look: Look) -> bool:
    return _UBJSON.match(look.head) is not None


def _scan_ubjson(reader: Reader, _context: Context) -> Iterator[Finding]:
    if reader.is_ranged and reader.read(reader.size - 1, 1) != b"}":
        raise UnreadableError("xgboost.broken", "the model does not end where the file does", offset=reader.size)
    return iter(())


def _is_json(look: Look) -> bool:
    return _JSON.match(look.head) is not None and b'"learner"' in look.head


def _is_lightgbm(look: Look) -> bool:
    return _LIGHTGBM.match(look.head) is not None


def _is_catboost(look: Look) -> bool:
    return look.head.startswith(_CATBOOST)


def _scan_catboost(reader: Reader, _context: Context) -> Iterator[Finding]:
    length = int.from_bytes(reader.read(len(_CATBOOST), 4), "little")
    if not reader.reaches(_CATBOOST_HEAD + length):
        raise UnreadableError("catboost.broken", f"the core states {length} bytes, and there are fewer")
    return iter(())


XGBOOST = Format("xgboost", _is_ubjson, _scan_ubjson, frozenset({".ubj", ".xgb", ".model"}), is_data=True)
XGBOOST_JSON = Format("xgboost json", _is_json, nothing, frozenset({".json", ".xgb", ".model"}), weak=True)
LIGHTGBM = Format("lightgbm", _is_lightgbm, nothing, frozenset({".txt", ".lgb", ".model"}), weak=True)
CATBOOST = Format("catboost", _is_catboost, _scan_catboost, frozenset({".cbm"}), is_data=True)
FORMATS = (XGBOOST, XGBOOST_JSON, LIGHTGBM, CATBOOST)
