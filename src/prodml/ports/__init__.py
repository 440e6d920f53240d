"""What a host may supply: Storage, Metrics, Keys and Clock.

Protocols only. A host's class need not import prodml to satisfy one; it proves itself with the
conformance kits of `prodml.testing`. Adapters that ship with prodml live in `prodml.storage`,
`prodml.metrics` and `prodml.keys`.
"""

from prodml.ports.clock import Clock, utc_now
from prodml.ports.keys import Key, Keys
from prodml.ports.metrics import Counter, Gauge, Histogram, Metrics
from prodml.ports.storage import ObjectMeta, Settling, Storage, StorageCaps

__all__ = [
    "Clock",
    "Counter",
    "Gauge",
    "Histogram",
    "Key",
    "Keys",
    "Metrics",
    "ObjectMeta",
    "Settling",
    "Storage",
    "StorageCaps",
    "utc_now",
]
