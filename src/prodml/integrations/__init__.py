"""Bridges to other tools, each a room of its own and imported by its own name.

``from prodml.integrations import mlflow`` reads MLflow's stores and writes model folders that MLflow
loads; ``from prodml.integrations import tracking as mlflow`` lets a script that logs to MLflow log here.
Nothing else in prodml imports from here.
"""

from prodml.integrations import mlflow, tracking

__all__ = ["mlflow", "tracking"]
