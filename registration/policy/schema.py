"""The JSON Schema of a policy, for editors; it is published as docs/formats/policy.schema.json.

It knows keys, words and kinds of values. What it cannot say, `document.parse` does: that parts fit each other, that a
ratio is no difference, and which YAML may be used.
"""

from __future__ import annotations

from typing import Any

from registration import documents
from registration.policy.document import Policy


def json_schema() -> dict[str, Any]:
    """The schema, in JSON Schema 2020-12."""
    return documents.schema(Policy, title="Promotion policy")
