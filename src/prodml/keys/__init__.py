"""Where secret keys come from: the environment, a private file, a key management service.

Adapters of the port `prodml.ports.Keys`. One key of a domain is active and makes new things; retired
ones are still found by their id. Weak keys are refused, and no secret ever shows in a `repr`, an
error, a log or a pickle.
"""

from prodml.keys.callable import CallableKeys
from prodml.keys.env import EnvKeys
from prodml.keys.file import FileKeys
from prodml.keys.static import StaticKeys

__all__ = ["CallableKeys", "EnvKeys", "FileKeys", "StaticKeys"]
