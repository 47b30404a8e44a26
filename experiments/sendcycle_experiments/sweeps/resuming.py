"""Results kept run by run outside a sweep: they are only gone on with if they were made in the same way."""

import json
from pathlib import Path
from typing import Any

from sendcycle.errors import ResultsError
from sendcycle_experiments.sweeps.output_folder import cannot_write
from sendcycle_experiments.sweeps.store import model_state

KEY = "made_with.json"


def gone_on_with(folder: Path, key: dict[str, Any]) -> None:
    """Prepare a folder for results that `key` and the state of the model determine.

    Raises
    ------
    ResultsError
        If the folder holds results that were made in another way, or cannot be written.
    """
    wanted = json.loads(json.dumps(key | {"model": model_state()}))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / KEY
        if not path.exists():
            path.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
            return
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise cannot_write(folder, error) from error
    if kept != wanted:
        differ = sorted(name for name in wanted | kept if wanted.get(name) != kept.get(name))
        raise ResultsError(f"{folder} was made with another {' and '.join(differ)}: take another --out, or remove it.")
