"""Rules S27 to S42 of the Storage port: what is listed, and which keys there are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from prodml.errors import InvalidKeyError
from prodml.ports import Storage
from prodml.testing.storage_probes import StorageProbe, equal, keys, raises, rule

__all__ = ["BAD_KEYS", "ListingRules"]

BAD_KEYS = (
    "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "A", "a/B", "a b", "ä", "a\\b",
    "a\n", "a\0b", "a:b", "a*", "a+b", "~a", "a%2fb", "x" * 513,
)  # fmt: skip


class ListingRules(StorageProbe):
    """Order, prefixes, pages and the alphabet of keys."""

    @rule
    def test_s27_a_key_and_keys_below_it(self, storage: Storage) -> None:
        """S27: An object may have the name of a "folder" of others, in either order of creation."""
        for key in ("a", "a/b", "c/d", "c"):
            storage.put(key, key.encode(), if_absent=True)
        equal(
            "get", [storage.get(k) for k in ("a", "a/b", "c", "c/d")], [b"a", b"a/b", b"c", b"c/d"]
        )

    @rule
    def test_s28_all_is_listed(self, storage: Storage) -> None:
        """S28: An empty prefix lists everything, at every depth."""
        names = ["a", "a/b", "b/c/d/e/f", "z"]
        _fill(storage, names)
        equal("list", keys(storage), names)

    @rule
    def test_s29_byte_order(self, storage: Storage) -> None:
        """S29: `list` yields in byte order of whole keys, where ``-`` and ``.`` come before ``/``."""
        names = ["a-b/1", "a.b/1", "a/1", "a/10", "a/2", "a=b", "a@b/x", "a_b", "ab/1", "b"]
        _fill(storage, names[::-1])
        equal("list", keys(storage), names)

    @rule
    def test_s30_numbers_in_order(self, storage: Storage) -> None:
        """S30: A hundred numbered keys come in order, whatever order they were written in."""
        names = [f"log/{(i * 37) % 100:04}" for i in range(100)]
        _fill(storage, names)
        equal("list", keys(storage, "log/"), sorted(names))

    @rule
    def test_s31_prefixes_are_whole_segments(self, storage: Storage) -> None:
        """S31: The prefix ``a/k1/`` does not list ``a/k10/x`` or ``a/k1``."""
        _fill(storage, ["a/k1", "a/k1/x", "a/k1/y/z", "a/k10/x", "a/k1.x/y"])
        equal("list", keys(storage, "a/k1/"), ["a/k1/x", "a/k1/y/z"])

    @rule
    def test_s32_a_prefix_without_end_is_refused(self, storage: Storage) -> None:
        """S32: A prefix that is neither empty nor ends in ``/`` is InvalidKeyError."""
        storage.put("a/b", b"x")
        for prefix in ("a", "a/b", "/", "A/", "../"):
            raises(InvalidKeyError, f"list {prefix!r}", partial(keys, storage, prefix))

    @rule
    def test_s33_nothing_is_nothing(self, storage: Storage) -> None:
        """S33: Listing where nothing is yields nothing and raises nothing."""
        equal("empty storage", keys(storage), [])
        storage.put("a", b"x")
        equal("below an object", keys(storage, "a/"), [])
        equal("nowhere", keys(storage, "b/c/"), [])

    @rule
    def test_s34_after_is_exclusive(self, storage: Storage) -> None:
        """S34: `after` yields what comes after that key, which need not exist."""
        _fill(storage, ["l/1", "l/2", "l/3"])
        equal("after l/2", keys(storage, "l/", after="l/2"), ["l/3"])
        equal("after l/1.5", keys(storage, "l/", after="l/1.5"), ["l/2", "l/3"])
        equal("after l/3", keys(storage, "l/", after="l/3"), [])

    @rule
    def test_s35_after_goes_by_whole_keys(self, storage: Storage) -> None:
        """S35: `after` compares whole keys, also across folders and outside the prefix."""
        _fill(storage, ["a/x", "a/y/1", "a/y/2", "b/1"])
        equal("after a/y/1", keys(storage, after="a/y/1"), ["a/y/2", "b/1"])
        equal("after a", keys(storage, after="a"), ["a/x", "a/y/1", "a/y/2", "b/1"])
        equal("before all", keys(storage, "b/", after="a/y"), ["b/1"])
        equal("after all", keys(storage, "a/", after="z"), [])

    @rule
    def test_s36_limit(self, storage: Storage) -> None:
        """S36: `limit` yields at most so many, the first ones; 0 yields none."""
        _fill(storage, ["l/1", "l/2", "l/3"])
        for limit, names in ((0, []), (2, ["l/1", "l/2"]), (9, ["l/1", "l/2", "l/3"])):
            equal(f"limit {limit}", keys(storage, "l/", limit=limit), names)
        equal("page two", keys(storage, "l/", after="l/1", limit=1), ["l/2"])

    @rule
    def test_s37_sizes_are_listed(self, storage: Storage) -> None:
        """S37: `list` says the size of every object."""
        storage.put("a/1", b"")
        storage.put("a/2", b"x" * 70_000)
        equal("sizes", [m.size_bytes for m in storage.list("a/")], [0, 70_000])

    @rule
    def test_s38_a_listing_is_fresh(self, storage: Storage) -> None:
        """S38: `list` sees what was just put, replaced and deleted."""
        for i in range(5):
            storage.put(f"a/{i}", b"x")
            equal("keys", keys(storage, "a/"), [f"a/{n}" for n in range(i + 1)])
        storage.put("a/0", b"longer")
        storage.delete("a/3")
        sizes = [(m.key, m.size_bytes) for m in storage.list("a/")]
        equal("after changes", sizes, [("a/0", 6), ("a/1", 1), ("a/2", 1), ("a/4", 1)])

    @rule
    def test_s39_bad_keys_are_refused(self, storage: Storage) -> None:
        """S39: A key outside the alphabet is InvalidKeyError for every call, and nothing is stored."""
        for key in BAD_KEYS:
            calls: dict[str, Callable[[], object]] = {
                "put": partial(storage.put, key, b"x"),
                "create": partial(storage.put, key, b"x", if_absent=True),
                "get": partial(storage.get, key),
                "head": partial(storage.head, key),
                "delete": partial(storage.delete, key),
            }
            for name, call in calls.items():
                raises(InvalidKeyError, f"{name} {key!r:.20}", call)
        equal("stored", keys(storage), [])

    @rule
    def test_s40_good_keys_are_taken(self, storage: Storage) -> None:
        """S40: Every character of the alphabet, dots inside names, and 512 characters are taken, in one segment too."""
        deep = "/".join(["d" * 63] * 8)[:512]
        wide = ["x" * 300, "x" * 300 + "-", "x" * 300 + "/y", "x" * 300 + "0", "x" * 512]
        names = ["abcdefghijklmnopqrstuvwxyz", "0123456789", "._=@-", "a..b/...", "-", deep, *wide]
        _fill(storage, names)
        equal("list", keys(storage), sorted(names))
        equal("get", [storage.get(n) for n in names], [n.encode() for n in names])

    @rule
    def test_s41_no_key_is_special(self, storage: Storage) -> None:
        """S41: Names that file systems and databases like to use themselves are keys like others."""
        names = [".tmp", ".tmp/x", "con", "head", "null", "nul/aux", "prodml", "tmp/x", "x.tmp"]
        _fill(storage, names)
        equal("list", keys(storage), sorted(names))
        equal("get", [storage.get(n) for n in names], [n.encode() for n in names])

    @rule
    def test_s42_text_is_no_data(self, storage: Storage) -> None:
        """S42: A text is not data: it is refused, and nothing is stored."""
        try:
            storage.put("a/b", "text")  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001 - whichever error, as long as nothing is stored
            equal("stored", keys(storage), [])
            return
        raise AssertionError("a text was stored")


def _fill(storage: Storage, names: list[str]) -> None:
    for name in names:
        storage.put(name, name.encode())
