"""Canonical bytes and digests of values, frames, estimators and code.

Equal things have equal digests, whichever way they came about; everything that could change a
result changes a digest. `canonical_json` and `sha256` need the standard library alone; `pack` and
`unpack` are the one inert container for arrays; the `fingerprint_*` functions name what differs.
"""

from prodml._lazy import attach

TYPE_CHECKING = False
if TYPE_CHECKING:
    from prodml.fingerprint.canonical import canonical_json as canonical_json
    from prodml.fingerprint.canonical import parse_json as parse_json
    from prodml.fingerprint.code import fingerprint_code as fingerprint_code
    from prodml.fingerprint.comparison import FrameComparison as FrameComparison
    from prodml.fingerprint.container import pack as pack
    from prodml.fingerprint.container import unpack as unpack
    from prodml.fingerprint.digest import sha256 as sha256
    from prodml.fingerprint.digest import sha256_file as sha256_file
    from prodml.fingerprint.estimator import fingerprint_estimator as fingerprint_estimator
    from prodml.fingerprint.frame import FrameFingerprint as FrameFingerprint
    from prodml.fingerprint.frame import fingerprint_frame as fingerprint_frame
    from prodml.fingerprint.values import fingerprint_array as fingerprint_array
    from prodml.fingerprint.values import fingerprint_value as fingerprint_value

_HOMES = {
    "FrameComparison": "prodml.fingerprint.comparison",
    "FrameFingerprint": "prodml.fingerprint.frame",
    "canonical_json": "prodml.fingerprint.canonical",
    "fingerprint_array": "prodml.fingerprint.values",
    "fingerprint_code": "prodml.fingerprint.code",
    "fingerprint_estimator": "prodml.fingerprint.estimator",
    "fingerprint_frame": "prodml.fingerprint.frame",
    "fingerprint_value": "prodml.fingerprint.values",
    "pack": "prodml.fingerprint.container",
    "parse_json": "prodml.fingerprint.canonical",
    "sha256": "prodml.fingerprint.digest",
    "sha256_file": "prodml.fingerprint.digest",
    "unpack": "prodml.fingerprint.container",
}

__all__ = [
    "FrameComparison",
    "FrameFingerprint",
    "canonical_json",
    "fingerprint_array",
    "fingerprint_code",
    "fingerprint_estimator",
    "fingerprint_frame",
    "fingerprint_value",
    "pack",
    "parse_json",
    "sha256",
    "sha256_file",
    "unpack",
]

__getattr__, __dir__ = attach(__name__, _HOMES)
