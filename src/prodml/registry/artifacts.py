"""The bytes of a version: the model, its holdout, a sample of what it was trained on, its record."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prodml.errors import ConfigError, IntegrityError, KeyNotFoundError, UntrustedModelError
from prodml.fingerprint.canonical import canonical_json
from prodml.journal import Blobs, Parcel
from prodml.ports.storage import Storage
from prodml.registry.results import Holdout
from prodml.registry.run import Submission
from prodml.registry.sealing import Box, Locker
from prodml.registry.uploads import Uploads

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from prodml.registry.formats.receipts import Receipts

__all__ = ["Artifacts", "inputs_for", "plain_record"]

_REFERENCE_ROWS = 1_000
_TARGET = "target"


class Artifacts:
    """Puts the parts of a version into content-addressed blobs, and reads them back verified."""

    def __init__(self, storage: Storage, locker: Locker) -> None:
        self.blobs = Blobs(storage, f"models/{locker.name}/blobs")
        self._locker = locker
        self._waits = storage.caps.durable != "none"
        self._receipts: dict[Path | None, Receipts] = {}

    def store(
        self,
        submission: Submission,
        *,
        trust: str | None,
        parcel: Parcel,
        form: str | None = None,
    ) -> dict[str, Any]:
        """Store every part; return the facts that go into the event.

        In which generation the parts are is settled with the parcel, when the event is written.

        Raises
        ------
        UntrustedModelError
            If the model has no inert form and `trust` is not "pickle".
        """
        data, form = _encode(submission, trust, form)
        with Uploads(parcel, at_once=self._waits) as uploads:
            box = Box(uploads, self._locker.name, self._locker.wrap)
            return {
                "model": box.put(data, "model", form),
                "format": form,
                "size_bytes": len(data),
                "record": box.put(canonical_json(plain_record(submission)), "record"),
                "holdout": _store_holdout(submission, box),
                "reference": _store_reference(submission, box),
                **box.facts(),
            }

    def model(self, facts: dict[str, Any], *, trust: str | tuple[str, ...] | None, ref: str) -> Any:
        """Restore the model of a version, its digest checked first."""
        from prodml.registry.formats import inert
        from prodml.registry.formats.choices import admit, format_named

        if facts["format"] in inert.NAMES:
            return inert.loads(self._get(facts, facts["model"], "model", ref))
        form = format_named(facts["format"], ref)
        admit(form, trust=trust, verified=facts.get("verified") is True, ref=ref)
        types = trust if isinstance(trust, tuple) else None
        return form.loads(self._get(facts, facts["model"], "model", ref), types)

    def mapped(self, facts: dict[str, Any], *, receipts: Path | None, ref: str) -> Any:
        """Open the model of a version in its file; see `MappedModel`."""
        from prodml.registry.formats import inert
        from prodml.registry.formats.mapped import MappedModel
        from prodml.registry.formats.receipts import Receipts

        if facts["format"] not in inert.NAMES or facts.get("sealed"):
            stored = "encrypted" if facts.get("sealed") else f"as {facts['format']}"
            raise ConfigError(
                f"{ref} is stored {stored}; only what is stored as {inert.NAME}, in the clear, can be "
                "mapped: load it"
            )
        if receipts not in self._receipts:
            self._receipts[receipts] = Receipts(receipts)
        digest = facts["model"]
        generation = facts.get("blobs", {}).get(digest, 0)
        try:
            # Unverified: the mapping itself is compared with the digest, not a file of that name.
            path = self.blobs.path(digest, verify=False, generation=generation)
        except KeyNotFoundError as exc:
            raise IntegrityError(f"the model of {ref} is missing: no blob {digest}") from exc
        return MappedModel(path, digest, self._receipts[receipts])

    def part(self, facts: dict[str, Any], what: str, ref: str) -> bytes:
        """Return the bytes of a part, such as its model, decrypted."""
        return self._get(facts, facts[what], what, ref)

    def record(self, facts: dict[str, Any], ref: str) -> dict[str, Any]:
        """Return schema, metrics, parameters and the run's record."""
        record: dict[str, Any] = json.loads(self._get(facts, facts["record"], "record", ref))
        return record

    def holdout(self, facts: dict[str, Any], ref: str) -> Holdout | None:
        """Return the holdout, or None if there is none."""
        if not facts["holdout"]:
            return None
        from prodml.tables import decode_frame

        manifest = json.loads(self._get(facts, facts["holdout"], "holdout", ref))
        inputs = decode_frame(self._get(facts, manifest["inputs"], "holdout/inputs", ref))
        target = decode_frame(self._get(facts, manifest["target"], "holdout/target", ref))
        return Holdout(inputs, target[_TARGET].to_numpy())

    def reference(self, facts: dict[str, Any], ref: str) -> pd.DataFrame | None:
        """Return the reference sample, or None if there is none."""
        if not facts["reference"]:
            return None
        from prodml.tables import decode_frame

        return decode_frame(self._get(facts, facts["reference"], "reference", ref))

    def check(self, referenced: set[tuple[str, int]]) -> int:
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
        for blob in self.blobs.stored():
            place = (blob.digest, blob.generation)
            try:
                self.blobs.get(blob.digest, generation=blob.generation)
            except KeyNotFoundError:  # collected since it was listed, unless it is referenced
                continue
            found.add(place)
        missing = referenced - found
        if missing:
            raise IntegrityError(f"blob {min(missing)[0]} is missing, see {self.blobs!r}")
        return len(found)

    def places(self, facts: dict[str, Any]) -> dict[str, int]:
        """Return digest and generation of every blob that a version refers to."""
        if "blobs" in facts:
            places: dict[str, int] = facts["blobs"]
            return places
        # Written by a prodml that knew no generations.
        digests = {facts[k] for k in ("model", "record", "holdout", "reference") if facts[k]}
        if facts["holdout"]:
            manifest = json.loads(self._get(facts, facts["holdout"], "holdout", "this version"))
            digests |= {manifest["inputs"], manifest["target"]}
        return dict.fromkeys(digests, 0)

    def _get(self, facts: dict[str, Any], digest: str, what: str, ref: str) -> bytes:
        place = self._locker.place(facts, digest, what)
        generation = facts.get("blobs", {}).get(place, 0)
        try:
            data = self.blobs.get(place, generation=generation)
        except KeyNotFoundError as exc:
            name = what.partition("/")[0]
            raise IntegrityError(f"the {name} of {ref} is missing: no blob {place}") from exc
        return self._locker.opened(facts, data, what, facts["format"] if what == "model" else "")


def _store_holdout(submission: Submission, box: Box) -> str:
    if submission.holdout is None:
        return ""
    import pandas as pd

    from prodml.tables import encode_frame

    target = pd.DataFrame({_TARGET: submission.holdout_target})
    manifest = {
        "inputs": box.put(encode_frame(submission.holdout), "holdout/inputs"),
        "target": box.put(encode_frame(target), "holdout/target"),
    }
    return box.put(canonical_json(manifest), "holdout")


def _store_reference(submission: Submission, box: Box) -> str:
    if submission.reference is None:
        return ""
    from prodml.tables import encode_frame

    return box.put(encode_frame(_sample(submission.reference)), "reference")


def _encode(submission: Submission, trust: str | None, word: str | None) -> tuple[bytes, str]:
    from prodml.registry.formats import inert
    from prodml.registry.formats.choices import FORMATS, format_called

    form, rows = format_called(word), _probe_rows(submission)
    if form is None:
        try:
            return inert.dumps(submission.estimator, rows=rows), inert.NAME
        except UntrustedModelError:
            if trust != "pickle" or word == "inert":
                raise
        form = FORMATS["pickle"]
    return form.dumps(submission.estimator, rows), form.name


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


def plain_record(submission: Submission) -> dict[str, Any]:
    """Return what is recorded of a submission, as JSON can hold it."""
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
