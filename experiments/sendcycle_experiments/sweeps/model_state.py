"""The state of the model that results depend on, and in what two such states, or two designs, differ."""

import json
from collections.abc import Mapping
from typing import Any

from sendcycle.outputs.results import code_hash, input_hashes


def model_state() -> dict[str, str]:
    """Return hashes of the model's code, declarations and data: what results depend on beside the design."""
    return {"code": code_hash()} | input_hashes()


def changed_entries(kept: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in which entries two designs, or two states of the model, differ; order counts: it numbers the arms."""
    keys = [*kept, *(key for key in now if key not in kept)]
    plain = {key: (json.dumps(kept.get(key)), json.dumps(now.get(key))) for key in keys}
    return [key for key, (before, after) in plain.items() if before != after]
