"""What is put around a fitted classifier: calibration of its probabilities, and a threshold.

Both are scikit-learn's own estimators, so that the model that comes out is stored, served and loaded
like any other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from prodml.errors import ConfigError
from prodml.ports.duck import is_number
from prodml.training.thresholds import ThresholdRule

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from prodml.training.dataset import Dataset
    from prodml.training.fitting import Estimator
    from prodml.training.folds import Folds
    from prodml.training.ground import Ground

__all__ = ["CALIBRATIONS", "Finish", "response_method", "said_by"]

CALIBRATIONS = ("sigmoid", "isotonic", "temperature")


@attrs.frozen
class Finish:
    """What a Trainer was asked to put around its estimator.

    Parameters
    ----------
    calibrate : {"sigmoid", "isotonic", "temperature"} or None
        How probabilities are corrected.
    threshold : ThresholdRule, float or None
        From which probability on to say yes.
    """

    calibrate: str | None
    threshold: ThresholdRule | float | None

    @classmethod
    def of(cls, calibrate: str | None, threshold: object) -> Finish:
        """Check both.

        Raises
        ------
        ConfigError
            If one is none of what is allowed.
        """
        if calibrate is not None and calibrate not in CALIBRATIONS:
            known = ", ".join(f'"{name}"' for name in CALIBRATIONS)
            raise ConfigError(f"calibrate must be one of {known}, got {calibrate!r:.60}")
        if threshold is None or _is_rule(threshold):
            return cls(calibrate, cast("ThresholdRule | None", threshold))
        if isinstance(threshold, bool) or not is_number(threshold):
            raise ConfigError(
                "threshold must be a number in (0, 1) or a rule such as ByCost(1, 10) or "
                f"AtPrecision(0.9), got a {type(threshold).__name__}"
            )
        if not 0.0 < threshold < 1.0:  # type: ignore[operator]
            raise ConfigError(f"threshold must lie in (0, 1), got {threshold!r}")
        return cls(calibrate, float(threshold))  # type: ignore[arg-type]

    @property
    def needs_folds(self) -> bool:
        """Whether it needs predictions of rows that the model was not trained on."""
        return self.calibrate is not None or isinstance(self.threshold, ThresholdRule)

    def check(self, estimator: object, rows: Dataset) -> None:
        """Refuse what it cannot be put around.

        Raises
        ------
        ConfigError
            If it is no classifier of scikit-learn's kind, gives no probabilities, or a threshold is
            asked for more than two classes.
        """
        if self.calibrate is None and self.threshold is None:
            return
        what = "calibrate=" if self.calibrate is not None else "threshold="
        name = type(estimator).__name__
        from sklearn.base import is_classifier

        if rows.task != "classification" or not _is_of_sklearn(estimator, is_classifier):
            raise ConfigError(f"{what} needs a classifier of scikit-learn's kind, got a {name}")
        if self.threshold is not None and rows.n_classes != 2:
            raise ConfigError(f"threshold= is for two classes, the target has {rows.n_classes}")
        needs_more = self.threshold is not None and self.calibrate is None
        if needs_more and not hasattr(estimator, "predict_proba"):
            raise ConfigError(
                f"threshold= needs probabilities, which a {name} does not give. "
                'calibrate="sigmoid" makes some'
            )
        if self.calibrate == "temperature":
            _need_temperature()

    def put_around(
        self, model: Estimator, ground: Ground, folds: Folds | None
    ) -> tuple[Estimator, dict[str, object]]:
        """Return the finished model, and what was decided, JSON-able."""
        done: dict[str, object] = {}
        scores: NDArray[np.float64] | None = None
        if self.calibrate is not None and folds is not None:
            model, scores = _calibrated(model, self.calibrate, folds)
        elif folds is not None:
            scores = folds.out_of_fold.predictions.scores  # type: ignore[assignment]
        if self.threshold is None:
            return model, done
        value, facts = self._chosen(scores, folds, ground.rows)
        done["threshold"] = facts
        return _cut(model, value, ground), done

    def _chosen(
        self, scores: NDArray[np.float64] | None, folds: Folds | None, rows: Dataset
    ) -> tuple[float, dict[str, object]]:
        import numpy as np

        positive = np.unique(rows.target)[-1]
        facts: dict[str, object] = {"rule": said_by(self.threshold), "positive": _plain(positive)}
        if not isinstance(self.threshold, ThresholdRule):
            value = float(cast("float", self.threshold))
            return value, facts | {"value": value, "chosen_on": "given"}
        if scores is None or folds is None:
            raise ConfigError("threshold= needs probabilities of every fold; a fold lacks a class")
        truth = folds.out_of_fold.target == positive
        value = float(self.threshold.choose(truth, np.asarray(scores, dtype=np.float64)))
        said = scores >= value
        hits = int((said & truth).sum())
        return value, facts | {
            "value": value,
            "chosen_on": "out-of-fold",
            "n_rows": len(truth),
            "share": float(said.mean()),
            "precision": hits / max(int(said.sum()), 1),
            "recall": hits / max(int(truth.sum()), 1),
        }


def said_by(threshold: ThresholdRule | float | None) -> str | None:
    """Return a threshold's or rule's text, the same in every process; None for none."""
    if threshold is None:
        return None
    kind = type(threshold)
    # The default text of an object holds its address.
    if kind.__repr__ is object.__repr__:
        return f"{kind.__module__}.{kind.__qualname__}"
    return repr(threshold)


def response_method(estimator: object) -> str:
    """Return the method whose values calibration starts from, as scikit-learn chooses it."""
    return "decision_function" if hasattr(estimator, "decision_function") else "predict_proba"


def _calibrated(
    model: Estimator, method: str, folds: Folds
) -> tuple[Estimator, NDArray[np.float64] | None]:
    """Fit the correction on what the folds' models said, and put it behind the model of all rows."""
    import numpy as np
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator

    from prodml.training.replay import Replay

    if folds.responses is None or folds.out_of_fold.predictions.classes is None:
        raise ConfigError(
            "calibrate= needs every class in every fold; use fewer folds, or more rows"
        )
    truth = folds.out_of_fold.target
    replay = Replay.of(model, folds.responses)
    places = np.arange(len(truth), dtype=np.float64).reshape(-1, 1)
    whole: Any = CalibratedClassifierCV(FrozenEstimator(replay), method=method, cv=2)
    whole.fit(places, truth)
    probabilities = whole.predict_proba(places)
    whole.estimator = FrozenEstimator(model)
    whole.calibrated_classifiers_[0].estimator = model
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(model, name):
            setattr(whole, name, getattr(model, name))
    return whole, probabilities[:, 1] if probabilities.shape[1] == 2 else None


def _cut(model: Estimator, value: float, ground: Ground) -> Estimator:
    import numpy as np
    from sklearn.frozen import FrozenEstimator
    from sklearn.model_selection import FixedThresholdClassifier

    rows, train = ground.rows, ground.split.train
    positive = np.unique(rows.target)[-1]
    make: Any = FixedThresholdClassifier  # its threshold is "auto" by default, or a number
    cut = make(
        FrozenEstimator(model),
        threshold=value,
        pos_label=_plain(positive),
        response_method="predict_proba",
    )
    return cast("Estimator", cut.fit(rows.inputs.iloc[train], rows.target[train]))


def _plain(label: Any) -> object:
    return label.item() if hasattr(label, "item") else label


def _is_rule(value: object) -> bool:
    return isinstance(value, ThresholdRule) and not isinstance(value, type)


def _is_of_sklearn(estimator: object, is_classifier: Any) -> bool:
    if not hasattr(estimator, "__sklearn_tags__"):
        return False
    return bool(is_classifier(estimator))


def _need_temperature() -> None:
    from importlib.metadata import version

    found = version("scikit-learn")
    if tuple(int(part) for part in found.split(".")[:2]) < (1, 8):
        raise ConfigError(
            f'calibrate="temperature" needs scikit-learn 1.8 or newer, found {found}; '
            '"sigmoid" is the nearest that it has'
        )
