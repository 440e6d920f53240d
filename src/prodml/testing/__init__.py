"""What a third party needs to prove an adapter, and what tests need to be in command of time.

`StorageContract` and `MetricsContract` are test classes to inherit from; the fault libraries hold broken
adapters, each of which a named rule of the kit catches. `ManualClock` is a clock that stands still.
"""

from prodml._lazy import attach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prodml.testing.clock import ManualClock as ManualClock
    from prodml.testing.metrics_contract import MetricsContract as MetricsContract
    from prodml.testing.metrics_faults import METRICS_FAULTS as METRICS_FAULTS
    from prodml.testing.storage_contract import StorageContract as StorageContract
    from prodml.testing.storage_faults import STORAGE_FAULTS as STORAGE_FAULTS

__all__ = [
    "METRICS_FAULTS",
    "STORAGE_FAULTS",
    "ManualClock",
    "MetricsContract",
    "StorageContract",
]

_attached, __dir__ = attach(
    __name__,
    {
        "METRICS_FAULTS": "prodml.testing.metrics_faults",
        "STORAGE_FAULTS": "prodml.testing.storage_faults",
        "ManualClock": "prodml.testing.clock",
        "MetricsContract": "prodml.testing.metrics_contract",
        "StorageContract": "prodml.testing.storage_contract",
    },
)


def __getattr__(name: str) -> object:
    try:
        return _attached(name)
    except ModuleNotFoundError as exc:
        if exc.name not in ("hypothesis", "pytest"):
            raise
        from prodml._extras import require

        return require(exc.name, for_=f"prodml.testing.{name}")  # says how to install it
