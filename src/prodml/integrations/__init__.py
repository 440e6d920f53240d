"""Bridges to other tools, each a room of its own and imported by its own name.

``from prodml.integrations import mlflow`` reads MLflow's stores and writes model folders that MLflow
loads. Nothing else in prodml imports from here.
"""

from prodml.integrations import mlflow

__all__ = ["mlflow"]
