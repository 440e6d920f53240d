"""Signatures that anybody can check, and encryption whose keys can be changed and destroyed.

`Signer` and `Verifier` sign and check bytes and whole model folders, in the layout of OpenSSF model
signing. `seal_message` encrypts in chunks that can be read at any place; `KeysWrap` keeps data keys
under lock. All of it stands on the package cryptography (extra ``crypto``), loaded when first used.
"""

from prodml.crypto.bundle import Bundle
from prodml.crypto.chunked import open_message, seal_message
from prodml.crypto.folders import sign_folder, verify_folder
from prodml.crypto.manifest import Manifest, Resource
from prodml.crypto.signing import Signer, Verifier
from prodml.crypto.wrapping import KeysWrap, KeyWrap, KmsWrap

__all__ = [
    "Bundle",
    "KeyWrap",
    "KeysWrap",
    "KmsWrap",
    "Manifest",
    "Resource",
    "Signer",
    "Verifier",
    "open_message",
    "seal_message",
    "sign_folder",
    "verify_folder",
]
