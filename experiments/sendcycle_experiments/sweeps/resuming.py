"""Results kept run by run outside a sweep: they are only resumed if they were made in the same way."""

import json
from pathlib import Path
from typing import Any

from sendcycle.errors import ResultsError
from sendcycle.inputs.user_text import regular
from sendcycle_experiments.sweeps.model_state import model_state
from sendcycle_experiments.sweeps.output_folder import write_error
from sendcycle_experiments.sweeps.ownership import claim, marker, note_written

KEY = "made_with.json"


def resume_or_refuse(folder: Path, key: dict[str, Any]) -> None:
    """Prepare a folder for results that `key` and the state of the model determine.

    Raises
    ------
    ResultsError
        If the folder holds results that were made in another way, or cannot be written.
    """
    wanted = json.loads(json.dumps(key | {"model": model_state()}))
    if marker(folder) is None:
        claim(folder)
    try:
        path = folder / KEY
        if not path.exists():
            path.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
            note_written(folder, [KEY])
            return
        kept = json.loads(regular(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise write_error(folder, error) from error
    if not isinstance(kept, dict):
        raise ResultsError(f"{path} holds no object with names and values: take another --out, or remove it.")
    if kept != wanted:
        differ = sorted(name for name in wanted | kept if wanted.get(name) != kept.get(name))
        raise ResultsError(f"{folder} was made with another {' and '.join(differ)}: take another --out, or remove it.")
