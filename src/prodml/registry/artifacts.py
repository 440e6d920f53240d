"""The bytes of a version: the model, its holdout, a sample of what it was trained on, its record."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from prodml.errors import IntegrityError, KeyNotFoundError, UntrustedModelError
from prodml.fingerprint.canonical import canonical_json
from prodml.journal import Blobs
from prodml.ports.storage import Storage
from prodml.registry.results import Holdout
from prodml.registry.run import Submission

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["Artifacts"]

_REFERENCE_ROWS = 1_000
_TARGET = "target"


class Artifacts:
    """Puts the parts of a version into content-addressed blobs, and reads them back verified."""

    def __init__(self, storage: Storage, name: str) -> None:
        self.prefix = f"models/{name}/blobs"
        self._storage = storage
        self._blobs = Blobs(storage, self.prefix)

    def store(self, submission: Submission, *, trust: str | None) -> dict[str, Any]:
        """Store every part; return the facts that go into the event.

        Raises
        ------
        UntrustedModelError
            If the model has no inert form and `trust` is not "pickle".
        """
        data, form = _encode(submission, trust)
        return {
            "model": self._blobs.put(data),
            "format": form,
            "size_bytes": len(data),
            "record": self._blobs.put(canonical_json(_record(submission))),
            "holdout": self._store_holdout(submission),
            "reference": self._store_reference(submission),
        }

    def model(self, facts: dict[str, Any], *, trust: str | None, ref: str) -> Any:
        """Restore the model of a version, its digest checked first."""
        from prodml.registry.formats import inert, pickled

        form = facts["format"]
        if form == pickled.NAME and trust != "pickle":
            raise UntrustedModelError(
                f"{ref} is stored as a pickle, and unpickling runs whatever the bytes say. If you trust "
                f'everybody who may write to this registry: load("{ref}", trust="pickle")'
            )
        data = self._get(facts["model"], "model", ref)
        if form == inert.NAME:
            return inert.loads(data)
        if form == pickled.NAME:
            return pickled.loads(data)
        raise IntegrityError(f"{ref} is stored in the format {form!r:.40}, unknown to this prodml")

    def record(self, digest: str, ref: str) -> dict[str, Any]:
        """Return schema, metrics, parameters and the run's record."""
        record: dict[str, Any] = json.loads(self._get(digest, "record", ref))
        return record

    def holdout(self, digest: str, ref: str) -> Holdout | None:
        """Return the holdout, or None if there is none."""
        if not digest:
            return None
        from prodml.tables import decode_frame

        manifest = json.loads(self._get(digest, "holdout", ref))
        inputs = decode_frame(self._get(manifest["inputs"], "holdout", ref))
        target = decode_frame(self._get(manifest["target"], "holdout", ref))
        return Holdout(inputs, target[_TARGET].to_numpy())

    def reference(self, digest: str, ref: str) -> pd.DataFrame | None:
        """Return the reference sample, or None if there is none."""
        if not digest:
            return None
        from prodml.tables import decode_frame

        return decode_frame(self._get(digest, "reference", ref))

    def check(self, referenced: set[str]) -> int:
        """Read every blob of the model, also those that nothing refers to any more.

        Returns
        -------
        int
            How many there are.

        Raises
        ------
        IntegrityError
            If a blob is damaged, is missing, or stands under a name that is none.
        """
        found = set()
        for meta in self._storage.list(f"{self.prefix}/"):
            digest = f"sha256:{meta.key.rpartition('/')[2]}"
            self._blobs.get(digest)
            found.add(digest)
        missing = referenced - found
        if missing:
            raise IntegrityError(f"blob {min(missing)} is missing below {self.prefix}")
        return len(found)

    def referenced(self, facts: dict[str, Any]) -> set[str]:
        """Return the digests that a version refers to."""
        digests = {facts[k] for k in ("model", "record", "holdout", "reference") if facts[k]}
        if facts["holdout"]:
            manifest = json.loads(self._get(facts["holdout"], "holdout", "this version"))
            digests |= {manifest["inputs"], manifest["target"]}
        return digests

    def _get(self, digest: str, what: str, ref: str) -> bytes:
        try:
            return self._blobs.get(digest)
        except KeyNotFoundError as exc:
            raise IntegrityError(f"the {what} of {ref} is missing: no blob {digest}") from exc

    def _store_holdout(self, submission: Submission) -> str:
        if submission.holdout is None:
            return ""
        import pandas as pd

        from prodml.tables import encode_frame

        target = pd.DataFrame({_TARGET: submission.holdout_target})
        manifest = {
            "inputs": self._blobs.put(encode_frame(submission.holdout)),
            "target": self._blobs.put(encode_frame(target)),
        }
        return self._blobs.put(canonical_json(manifest))

    def _store_reference(self, submission: Submission) -> str:
        if submission.reference is None:
            return ""
        from prodml.tables import encode_frame

        return self._blobs.put(encode_frame(_sample(submission.reference)))


def _encode(submission: Submission, trust: str | None) -> tuple[bytes, str]:
    from prodml.registry.formats import inert, pickled

    try:
        return inert.dumps(submission.estimator, rows=_probe_rows(submission)), inert.NAME
    except UntrustedModelError:
        if trust != "pickle":
            raise
    return pickled.dumps(submission.estimator), pickled.NAME


def _probe_rows(submission: Submission) -> Any:
    rows = submission.holdout if submission.holdout is not None else submission.reference
    return None if rows is None else inputs_for(submission.estimator, rows.head(8))


def inputs_for(model: Any, frame: pd.DataFrame) -> pd.DataFrame | np.ndarray:
    """Return rows the way a model was taught: with column names if it knows them, else without."""
    is_nameless = hasattr(model, "n_features_in_") and not hasattr(model, "feature_names_in_")
    return frame.to_numpy() if is_nameless else frame


def _sample(frame: pd.DataFrame) -> pd.DataFrame:
    if len(frame) <= _REFERENCE_ROWS:
        return frame
    import numpy as np

    # The same rows for the same frame: the sample is part of the version's identity.
    rows = np.random.default_rng(0).choice(len(frame), _REFERENCE_ROWS, replace=False)
    return frame.iloc[np.sort(rows)]


def _record(submission: Submission) -> dict[str, Any]:
    metrics = {k: v if math.isfinite(v) else None for k, v in submission.metrics.items()}
    kind = type(submission.estimator)
    return {
        "schema": None if submission.schema is None else submission.schema.to_dict(),
        "metrics": metrics,
        "params": submission.params,
        "task": submission.task,
        "classes": submission.classes,
        "target": submission.target,
        "estimator": f"{kind.__module__}.{kind.__qualname__}",
        "run_id": submission.run_id,
        "run": submission.record,
    }
