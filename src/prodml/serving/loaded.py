"""A model in memory, with the version it is and the checks its inputs must pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeGuard

import attrs

if TYPE_CHECKING:
    import pandas as pd

    from prodml.serving.collaborators import (
        Classifier,
        Explain,
        Explains,
        Model,
        Models,
        Version,
    )

__all__ = ["Loaded", "load", "model_name"]


@attrs.frozen
class Loaded:
    """One version, ready to answer."""

    version: Version
    model: Model
    explainer: Explains | None

    def check(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the columns the model takes, in its order; SchemaError if they are not there."""
        return frame if self.version.schema is None else self.version.schema.check(frame)

    def predict(
        self, frame: pd.DataFrame
    ) -> tuple[list[str | int | float | bool], list[dict[str, float] | None]]:
        """Return plain predictions and, where the model has them, probabilities by class."""
        import numpy as np

        labels = np.asarray(self.model.predict(frame)).tolist()
        if not _is_classifier(self.model):
            return labels, [None] * len(frame)
        table = self.model.predict_proba(frame)
        names = [str(c) for c in np.asarray(self.model.classes_).tolist()]
        return labels, [dict(zip(names, row, strict=True)) for row in table.tolist()]

    def reasons(self, frame: pd.DataFrame, k: int) -> list[tuple[str, ...]]:
        """Return up to `k` reasons for every row, in words."""
        if not k or self.explainer is None:
            return [()] * len(frame)
        explained = self.explainer.explain(frame)
        return [tuple(r.text for r in explained.reasons(k, row=i)) for i in range(len(frame))]


def _is_classifier(model: Model) -> TypeGuard[Classifier]:
    # Not isinstance: from Python 3.12 on that looks at the class alone, and the class Pipeline has a
    # predict_proba that a Pipeline of a regressor lacks.
    return hasattr(model, "predict_proba") and hasattr(model, "classes_")


def load(registry: Models, ref: str, *, explainer: Explain | None) -> Loaded:
    """Load a version and, if wanted, what explains it.

    The alias is resolved once, so that model, schema and explainer are of one version even if the alias
    moves meanwhile.
    """
    version = registry.get(ref)
    exact = f"{version.name}/{version.version}"
    model = registry.load(exact)
    if explainer is None:
        return Loaded(version, model, None)
    return Loaded(version, model, explainer(model, background=registry.reference(exact)))


def model_name(ref: str) -> str:
    """Return the model that a reference speaks of, without alias, version and ``models:/``."""
    return ref.removeprefix("models:/").split("@")[0].split("/")[0]
