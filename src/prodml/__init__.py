"""Machine learning in production: seven objects over two ports, one journal between them.

The loop, and where each part lives::

    sources ─▶ Pipeline ─▶ Trainer ─▶ Registry ─▶ Predictor ─▶ callers
               Contract    Gate        versions     ABRouter      │
               Anonymizer              aliases      Explainer     │ outcomes, days later
                  ▲                                 PredictionLog ▼
                  └──────── RetrainLoop ◀──── DriftDetector, ABRouter.analyze

    prodml.ports        what a host may supply: Storage, Metrics, Keys, Clock
    prodml.storage      open_storage(url): a folder, memory, a bucket, SQL, Redis
    prodml.metrics      MemoryMetrics, PrometheusMetrics, NullMetrics
    prodml.keys         EnvKeys, FileKeys, CallableKeys, StaticKeys
    prodml.journal      the append-only, hash-chained log on which everything that remembers stands
    prodml.errors       every error, drawn as a tree
    prodml.testing      conformance kits for storage and metrics of your own

Every name below is loaded when it is first used; importing prodml itself loads no other package,
opens nothing and starts nothing.
"""

from prodml._lazy import attach

TYPE_CHECKING = False  # typing itself costs a third of this import; checkers know the name
if TYPE_CHECKING:
    from prodml.ab import ABRouter as ABRouter
    from prodml.contracts import Check as Check
    from prodml.contracts import Contract as Contract
    from prodml.drift import DriftDetector as DriftDetector
    from prodml.explain import Explainer as Explainer
    from prodml.gate import Gate as Gate
    from prodml.journal import Journal as Journal
    from prodml.keys import CallableKeys as CallableKeys
    from prodml.keys import EnvKeys as EnvKeys
    from prodml.keys import FileKeys as FileKeys
    from prodml.keys import StaticKeys as StaticKeys
    from prodml.metrics import MemoryMetrics as MemoryMetrics
    from prodml.metrics import NullMetrics as NullMetrics
    from prodml.metrics import PrometheusMetrics as PrometheusMetrics
    from prodml.monitoring import PredictionLog as PredictionLog
    from prodml.pipeline import Pipeline as Pipeline
    from prodml.privacy import Anonymizer as Anonymizer
    from prodml.privacy import Drop as Drop
    from prodml.privacy import Generalize as Generalize
    from prodml.privacy import Keep as Keep
    from prodml.privacy import Mask as Mask
    from prodml.privacy import Pseudonymize as Pseudonymize
    from prodml.registry import Registry as Registry
    from prodml.retraining import RetrainLoop as RetrainLoop
    from prodml.security import AuditTrail as AuditTrail
    from prodml.serving import Predictor as Predictor
    from prodml.storage import open_storage as open_storage
    from prodml.training import Trainer as Trainer

__version__ = "0.1.0"

_HOMES = {
    "ABRouter": "prodml.ab",
    "Anonymizer": "prodml.privacy",
    "AuditTrail": "prodml.security",
    "CallableKeys": "prodml.keys",
    "Check": "prodml.contracts",
    "Contract": "prodml.contracts",
    "DriftDetector": "prodml.drift",
    "Drop": "prodml.privacy",
    "EnvKeys": "prodml.keys",
    "Explainer": "prodml.explain",
    "FileKeys": "prodml.keys",
    "Gate": "prodml.gate",
    "Generalize": "prodml.privacy",
    "Journal": "prodml.journal",
    "Keep": "prodml.privacy",
    "Mask": "prodml.privacy",
    "MemoryMetrics": "prodml.metrics",
    "NullMetrics": "prodml.metrics",
    "Pipeline": "prodml.pipeline",
    "PredictionLog": "prodml.monitoring",
    "Predictor": "prodml.serving",
    "PrometheusMetrics": "prodml.metrics",
    "Pseudonymize": "prodml.privacy",
    "Registry": "prodml.registry",
    "RetrainLoop": "prodml.retraining",
    "StaticKeys": "prodml.keys",
    "Trainer": "prodml.training",
    "open_storage": "prodml.storage",
}

__all__ = [
    "ABRouter",
    "Anonymizer",
    "AuditTrail",
    "CallableKeys",
    "Check",
    "Contract",
    "DriftDetector",
    "Drop",
    "EnvKeys",
    "Explainer",
    "FileKeys",
    "Gate",
    "Generalize",
    "Journal",
    "Keep",
    "Mask",
    "MemoryMetrics",
    "NullMetrics",
    "Pipeline",
    "PredictionLog",
    "Predictor",
    "PrometheusMetrics",
    "Pseudonymize",
    "Registry",
    "RetrainLoop",
    "StaticKeys",
    "Trainer",
    "open_storage",
]

__getattr__, __dir__ = attach(__name__, _HOMES)
