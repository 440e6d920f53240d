"""``prodml registry``: look at models, and move their aliases, from a terminal."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from prodml.errors import ConfigError

if TYPE_CHECKING:
    from prodml import Registry

    Words = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no other name

__all__ = ["HELP", "arguments", "run"]

HELP = "look at registered models, check them, and move their aliases"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments it takes."""
    words = parser.add_subparsers(dest="word", required=True, metavar="word")
    _word(words, "list", "all models at a glance")
    _word(words, "show", "what is known about a version", "ref")
    _word(words, "history", "who pointed which alias where, and why", "name")
    timeline = _word(words, "timeline", "versions and aliases along time", "name")
    timeline.add_argument("--out", type=Path, help="write a picture (.svg) or a page (.html)")
    card = _word(words, "card", "the model card of a version, as Markdown", "ref")
    card.add_argument("--out", type=Path, help="write a page (.html) or Markdown (.md)")
    _word(words, "diff", "what differs between two versions", "ref", "other")
    _word(words, "verify", "read every event and every byte, and check them", "name?")
    collect = _word(words, "collect", "delete what no version refers to any more", "name?")
    collect.add_argument("--dry-run", action="store_true", help="count only")
    for word in (collect, *_pointing(words)):
        word.add_argument("--reason", default="", help="why; it stays in the journal")
        word.add_argument("--actor", default="", help="who does this")


def run(asked: argparse.Namespace) -> int:
    """Answer, and print what came of it."""
    answer = _WORDS[asked.word](_opened(asked), asked)
    print(answer)
    return 0


def _word(words: Words, name: str, text: str, *takes: str) -> argparse.ArgumentParser:
    word = words.add_parser(name, help=text)
    for argument in takes:
        optional = {"nargs": "?"} if argument.endswith("?") else {}
        word.add_argument(argument.rstrip("?"), help=_HELPS[argument], **optional)  # type: ignore[arg-type]
    word.add_argument("--store", required=True, help='such as "./prodml-store"')
    if name not in ("promote", "rollback", "approve", "collect", "timeline", "card"):
        word.add_argument("--json", action="store_true", help="print JSON")
    return word


def _pointing(words: Words) -> list[argparse.ArgumentParser]:
    promote = _word(
        words, "promote", "point an alias at a version, if the gate is convinced", "ref"
    )
    promote.add_argument("--force", action="store_true", help="whatever the gate says")
    rollback = _word(words, "rollback", "point an alias back at the version before", "name")
    approve = _word(words, "approve", "agree that an alias may point at a version", "ref")
    for word in (promote, rollback):
        word.add_argument("--expect", help="where you believe the alias points now; 0 for nowhere")
    for word in (promote, rollback, approve):
        word.add_argument("--alias", default="champion", help="(default: %(default)s)")
    return [promote, rollback, approve]


def _opened(asked: argparse.Namespace) -> Registry:
    from prodml import Registry, open_storage

    if "://" not in asked.store and not Path(asked.store).exists():
        raise ConfigError(f"there is no store at {asked.store}")
    return Registry(open_storage(asked.store), actor=getattr(asked, "actor", ""))


def _show(result: object, asked: argparse.Namespace) -> str:
    if not asked.json:
        return repr(result)
    return json.dumps(result.to_dict(), ensure_ascii=False, default=str)  # type: ignore[attr-defined]


def _timeline(registry: Registry, asked: argparse.Namespace) -> str:
    from prodml.display import page

    timeline = registry.timeline(asked.name)
    if asked.out is None:
        return repr(timeline)
    if asked.out.suffix not in (".svg", ".html"):
        raise ConfigError(f"a timeline is written as .svg or .html, got {asked.out}")
    whole = page(asked.name, [("Timeline", timeline._repr_html_())])
    return _written(asked.out, timeline.plot() if asked.out.suffix == ".svg" else whole)


def _card(registry: Registry, asked: argparse.Namespace) -> str:
    card = registry.card(asked.ref)
    if asked.out is None:
        return card.to_markdown().rstrip()
    if asked.out.suffix not in (".md", ".html"):
        raise ConfigError(f"a card is written as .md or .html, got {asked.out}")
    return _written(
        asked.out, card.to_html() if asked.out.suffix == ".html" else card.to_markdown()
    )


def _verify(registry: Registry, asked: argparse.Namespace) -> str:
    checked = registry.verify(asked.name)
    if asked.json:
        return json.dumps(checked.to_dict())
    return (
        f"{checked.n_models} models, {checked.n_events} events and {checked.n_blobs} blobs are what was "
        "written"
    )


def _promote(registry: Registry, asked: argparse.Namespace) -> str:
    promotion = registry.promote(
        *_version(registry, asked.ref),
        alias=asked.alias,
        expect=asked.expect,
        reason=asked.reason,
        force=asked.force,
    )
    return repr(promotion)


def _rollback(registry: Registry, asked: argparse.Namespace) -> str:
    promotion = registry.rollback(
        asked.name, alias=asked.alias, expect=asked.expect, reason=asked.reason
    )
    return repr(promotion)


def _approve(registry: Registry, asked: argparse.Namespace) -> str:
    version = _version(registry, asked.ref)
    return repr(registry.approve(*version, alias=asked.alias, reason=asked.reason))


def _version(registry: Registry, ref: str) -> tuple[str, int]:
    from prodml.registry.refs import Ref

    return Ref.parse(ref).name, registry.resolve(ref)


def _written(path: Path, text: str) -> str:
    if not path.parent.is_dir():
        raise ConfigError(f"there is no folder {path.parent}")
    path.write_text(text, encoding="utf-8")
    return f"written to {path}"


_Answer = Callable[["Registry", argparse.Namespace], str]
_WORDS: dict[str, _Answer] = {
    "list": lambda registry, asked: _show(registry.overview(), asked),
    "show": lambda registry, asked: _show(registry.get(asked.ref), asked),
    "history": lambda registry, asked: _show(registry.history(asked.name), asked),
    "timeline": _timeline,
    "card": _card,
    "diff": lambda registry, asked: _show(registry.diff(asked.ref, asked.other), asked),
    "verify": _verify,
    "collect": lambda registry, asked: str(
        registry.collect(asked.name, dry_run=asked.dry_run, reason=asked.reason)
    ),
    "promote": _promote,
    "rollback": _rollback,
    "approve": _approve,
}
_HELPS = {
    "ref": 'such as "tumours@champion" or "tumours/3"',
    "other": "the version to compare it with",
    "name": "of the model",
    "name?": "of the model; all if left out",
}
