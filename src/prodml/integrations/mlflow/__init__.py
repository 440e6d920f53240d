"""From MLflow and back: its stores into a `prodml.Registry`, and a version as a folder that MLflow loads.

Nothing here imports MLflow, and nothing is unpickled unless the reader says so.
"""

from prodml.integrations.mlflow.exporting import export_model
from prodml.integrations.mlflow.importing import import_store
from prodml.integrations.mlflow.results import ImportedVersion, MlflowImport
from prodml.integrations.mlflow.store import MlflowStore, SourceRun, SourceVersion, read_store

__all__ = [
    "ImportedVersion",
    "MlflowImport",
    "MlflowStore",
    "SourceRun",
    "SourceVersion",
    "export_model",
    "import_store",
    "read_store",
]
