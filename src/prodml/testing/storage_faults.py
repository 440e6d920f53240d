"""Adapters with one fault each, to prove that the rules of the Storage port catch it.

Most are mistakes that real adapters make: a check before a write, a prefix that matches bytes and not
segments, a listing in the order of the folder, a falsy value taken for a missing one.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable

import attrs

from prodml.testing import _storage_faulty_edges as edges
from prodml.testing import _storage_faulty_lists as lists
from prodml.testing import _storage_faulty_objects as objects
from prodml.testing.storage_reference import ReferenceStorage

__all__ = ["STORAGE_FAULTS", "StorageFault"]


@attrs.frozen
class StorageFault:
    """One planted fault.

    Parameters
    ----------
    name : str
        What is wrong.
    rule : str
        Number of the rule that must catch it.
    make : callable
        Returns a fresh adapter with the fault.
    """

    name: str
    rule: str
    make: Callable[[], ReferenceStorage]


def _in_files(kind: Callable[[str], ReferenceStorage]) -> Callable[[], ReferenceStorage]:
    """Return what makes an adapter of a new folder, which goes with it."""

    def make() -> ReferenceStorage:
        folder = tempfile.mkdtemp(prefix="prodml-fault-")
        storage = kind(folder)
        weakref.finalize(storage, shutil.rmtree, folder, ignore_errors=True)
        return storage

    return make


STORAGE_FAULTS: tuple[StorageFault, ...] = (
    StorageFault("changes line ends", "S01", objects.ChangesLineEnds),
    StorageFault("drops empty values", "S02", objects.DropsEmpty),
    StorageFault("truncates at 64 KiB", "S03", objects.Truncates),
    StorageFault("stores the whole buffer of a view", "S04", objects.WholeBufferOfAView),
    StorageFault("stores the path instead of the file", "S05", objects.StoresThePath),
    StorageFault("keeps the caller's buffer", "S06", objects.KeepsTheBuffer),
    StorageFault("returns a bytearray", "S07", objects.ReturnsBytearray),
    StorageFault("drops a trailing dot of keys", "S08", objects.DropsExtension),
    StorageFault("says the last segment instead of the key", "S09", objects.ForgetsTheKeyInMeta),
    StorageFault("overwrites and then complains", "S11", objects.OverwritesThenComplains),
    StorageFault("ignores if_absent", "S11", objects.IgnoresIfAbsent),
    StorageFault("forgives a create of the same bytes", "S12", objects.ForgivesSameBytes),
    StorageFault("takes an empty value for a free key", "S13", objects.EmptyIsFree),
    StorageFault("never replaces", "S14", objects.NeverReplaces),
    StorageFault("writes over longer bytes in place", "S14", objects.ReplacesInPlace),
    StorageFault("remembers deleted keys as taken", "S15", objects.RemembersDeleted),
    StorageFault("ranges include their end", "S16", objects.InclusiveEnd),
    StorageFault("refuses ranges beyond the end", "S17", objects.RefusesLongRanges),
    StorageFault("takes end=0 for no end", "S18", objects.ZeroIsNoEnd),
    StorageFault("swallows a missing key", "S19", objects.MissingIsEmpty),
    StorageFault("raises a bare KeyError", "S19", objects.BareKeyError),
    StorageFault("fetch leaves an empty file behind", "S20", objects.FetchLeavesAFile),
    StorageFault("does not name the missing key", "S21", objects.NamelessError),
    StorageFault("tells sizes in blocks", "S22", objects.SizeInBlocks),
    StorageFault("fetch stops at a zero byte", "S23", objects.FetchCutsAtZero),
    StorageFault("delete only hides from listings", "S24", objects.DeletesOnlyFromListing),
    StorageFault("delete of a missing key raises", "S25", objects.DeleteMissingRaises),
    StorageFault("delete takes what is below along", "S26", objects.DeletesBelow),
    StorageFault("an object stands in the way of a folder", "S27", objects.FolderInTheWay),
    StorageFault("lists one level only", "S28", lists.OneLevel),
    StorageFault("lists folder by folder", "S29", lists.FolderOrder),
    StorageFault("lists short keys first", "S29", lists.NumberOrder),
    StorageFault("lists in the order of writing", "S30", lists.WrittenOrder),
    StorageFault("prefixes match bytes", "S31", lists.BytePrefix),
    StorageFault("takes any prefix", "S32", lists.AnyPrefix),
    StorageFault("listing a missing folder raises", "S33", lists.MissingFolderRaises),
    StorageFault("after is inclusive", "S34", lists.AfterIsInclusive),
    StorageFault("after compares last segments", "S35", lists.AfterComparesNames),
    StorageFault("ignores limit", "S36", lists.IgnoresLimit),
    StorageFault("takes limit=0 for no limit", "S36", lists.ZeroIsNoLimit),
    StorageFault("lists sizes as zero", "S37", lists.ListsSizeZero),
    StorageFault("lists what was there before", "S38", lists.StaleListing),
    StorageFault("normalises keys", "S39", objects.NormalisesKeys),
    StorageFault("folds case", "S39", objects.FoldsCase),
    StorageFault("lets keys climb to the parent", "S39", objects.AllowsParents),
    StorageFault("cuts long keys", "S40", objects.LongestName),
    StorageFault("hides names it uses itself", "S41", objects.HidesDotFiles),
    StorageFault("stores a text", "S42", objects.TakesText),
    StorageFault("checks, then writes", "S43", objects.ChecksThenWrites),
    StorageFault("removes before it replaces", "S44", lists.RemovesBeforeReplacing),
    StorageFault("grows in sight of readers", "S45", lists.GrowsInSight),
    StorageFault("lists what is half written", "S46", lists.ListsHalfWritten),
    StorageFault("loses one of many writers", "S47", lists.LosesOneOfMany),
    StorageFault("tells credentials", "S48", lists.TellsCredentials),
    StorageFault("forgets when it is closed", "S50", lists.ForgetsAtClose),
    StorageFault("forgets who created", "S51", lists.ForgetsWhoCreated),
    StorageFault("does not name the taken key", "S53", edges.NamelessCreate),
    StorageFault("names missing keys in get only", "S54", edges.NamesMissingInGetOnly),
    StorageFault("leaves drafts of what it refused", "S55", edges.LeavesDrafts),
    StorageFault("cuts pages before it looks at the prefix", "S56", edges.CutsPagesFirst),
    StorageFault("keeps its lock while it lists", "S57", edges.LocksWhileListing),
    StorageFault("clears before it reads", "S58", edges.ClearsBeforeItReads),
    StorageFault("counts pages from the front", "S59", edges.CountsFromTheFront),
    StorageFault("fetches in pieces", "S60", edges.FetchesInPieces),
    StorageFault("locks only itself", "S61", edges.LocksOnlyItself),
    StorageFault("remembers what it read", "S62", edges.RemembersWhatItRead),
    StorageFault(
        "checks, then writes, between processes", "S63", _in_files(edges.ChecksBetweenProcesses)
    ),
    StorageFault("writes in sight until it is killed", "S64", _in_files(edges.WritesInSight)),
    StorageFault("acknowledges, then writes", "S65", _in_files(edges.WritesLater)),
)
"""Every planted fault, with the number of the rule that must catch it."""
