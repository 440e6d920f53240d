"""The one table of optional packages: pyproject, the docs page and error messages follow it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType, ModuleType

from prodml.errors import MissingExtraError

# extra -> (requirement, module that proves it is there, what it is for)
EXTRAS: Mapping[str, tuple[tuple[str, str, str], ...]] = MappingProxyType(
    {
        "arrow": (("pyarrow>=16", "pyarrow", "Arrow tables as input; Parquet files"),),
        "crypto": (("cryptography>=42", "cryptography", "signing and encryption of models"),),
        "fast": (("numba>=0.60", "numba", "compiled kernels; the results are the same without"),),
        "mlflow": (
            ("pyyaml>=6", "yaml", "reading MLflow's stores"),
            ("skops>=0.13", "skops.io", "models that MLflow stored by skops"),
        ),
        "onnx": (
            ("onnxruntime>=1.20", "onnxruntime", 'models in `format="onnx"`'),
            ("skl2onnx>=1.18", "skl2onnx", 'registering with `format="onnx"`'),
        ),
        "polars": (("polars>=1.0", "polars", "polars frames as input"),),
        "prometheus": (("prometheus-client>=0.20", "prometheus_client", "`PrometheusMetrics`"),),
        "redis": (("redis>=5.0", "redis", "`RedisStorage`"),),
        "s3": (("obstore>=0.8", "obstore", "`ObjectStorage` on S3, Google Cloud and Azure"),),
        "serve": (("uvicorn>=0.30", "uvicorn", "an ASGI server for `prodml.serving`"),),
        "skops": (("skops>=0.11", "skops", 'models in `format="skops"`'),),
        "sql": (("sqlalchemy>=2.0", "sqlalchemy", "`SqlStorage` on SQLite and PostgreSQL"),),
        "testing": (
            ("hypothesis>=6.100", "hypothesis", "`StorageContract`, the conformance kits"),
            ("pytest>=8.2", "pytest", "`StorageContract`, the conformance kits"),
        ),
    }
)


def require(module: str, *, for_: str) -> ModuleType:
    """Import an optional module, or say how to install it.

    Parameters
    ----------
    module : str
        Name of a module in the table above, such as ``"prometheus_client"``.
    for_ : str
        What needs it; the message starts with it.

    Returns
    -------
    module
        The imported module.

    Raises
    ------
    MissingExtraError
        If the module cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as exc:
        extra, requirement = _find(module)
        package = requirement.split(">=")[0]
        message = f'{for_} needs {package}. Install it with: pip install "prodml[{extra}]"'
        raise MissingExtraError(message, extra=extra) from exc


def _find(module: str) -> tuple[str, str]:
    for extra, rows in EXTRAS.items():
        for requirement, proof, _ in rows:
            if proof == module:
                return extra, requirement
    raise KeyError(f"{module} is not in the table of extras")
