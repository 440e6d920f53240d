"""What a function says, without where and how it is written.

The code object is the truth: the text of the file counts only if it compiles to the very code that
the function runs, so an edit after the import, a notebook's cell run twice or a rewriting import
hook cannot mislead. Where the text does not fit, or there is none, the bytecode itself counts.
"""

from __future__ import annotations

import ast
import functools
import linecache
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import TypeAlias

__all__ = ["nested_codes", "source_of"]

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_DOCUMENTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def source_of(function: FunctionType) -> bytes:
    """Return the same bytes for the same code, however it is laid out and commented.

    Parameters
    ----------
    function : function
        Written in Python.

    Returns
    -------
    bytes
        Its syntax tree without positions, docstrings and comments; else its bytecode.
    """
    tree = _tree_of(function)
    if tree is not None:
        return f"tree {tree}".encode("utf-8", "surrogatepass")
    code = function.__code__
    return f"bytecode {sys.version_info[:2]} {_spell(code, function.__doc__)}".encode(
        "utf-8", "surrogatepass"
    )


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those of the functions, lambdas and classes inside.

    Parameters
    ----------
    code : code
        The outermost.

    Yields
    ------
    code
        Each, the outer before the inner.
    """
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested_codes(constant)


def _tree_of(function: FunctionType) -> str | None:
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename, function.__globals__))
    if not text:
        return None
    trees, codes = _parse(code.co_filename, text)
    place = (code.co_name, code.co_firstlineno)
    found = trees.get(place, [])
    compiled = codes.get(place, [])
    if len(found) != 1 or len(compiled) != 1 or not _is_same(compiled[0], code):
        return None
    return found[0]


_Parsed: TypeAlias = tuple[dict[tuple[str, int], list[str]], dict[tuple[str, int], list[CodeType]]]


@functools.lru_cache(maxsize=32)
def _parse(filename: str, text: str) -> _Parsed:
    """Return the trees and the code objects of all functions of a file, by name and line."""
    trees: dict[tuple[str, int], list[str]] = {}
    codes: dict[tuple[str, int], list[CodeType]] = {}
    try:
        module = ast.parse(text)
        compiled = compile(text, filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return trees, codes
    for node in ast.walk(module):
        if isinstance(node, _FUNCTIONS | ast.Lambda):
            trees.setdefault(_place(node), []).append(_dump(node))
    for code in nested_codes(compiled):
        codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)
    return trees, codes


def _place(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> tuple[str, int]:
    if isinstance(node, ast.Lambda):
        return "<lambda>", node.lineno
    return node.name, min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _dump(node: object) -> str:
    """Write a tree the same way in every version of Python: no positions, nothing empty."""
    if isinstance(node, list):
        return "[" + ",".join(map(_dump, node)) + "]"
    if isinstance(node, ast.Constant):
        return f"{type(node.value).__name__}:{node.value!r}"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [
        f"{name}={_dump(value)}"
        for name, value in _fields(node)
        if value not in (None, []) and name != "type_comment"
    ]
    return f"{type(node).__name__}({','.join(fields)})"


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if (
            name == "body"
            and isinstance(node, _DOCUMENTED)
            and ast.get_docstring(node, clean=False)
        ):
            yield name, node.body[1:] or [ast.Pass()]
        else:
            yield name, value


def _is_same(a: CodeType, b: CodeType) -> bool:
    return _spell(a, None) == _spell(b, None)


def _spell(code: CodeType, doc: str | None) -> str:
    """Write what a code object does, without where it came from."""
    constants = list(code.co_consts)
    if doc is not None and constants[:1] == [doc]:
        constants[0] = None
    return repr(
        (
            code.co_code,
            code.co_names,
            code.co_varnames,
            code.co_freevars,
            code.co_cellvars,
            (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
            code.co_exceptiontable,
            [_spell_constant(constant) for constant in constants],
        )
    )


def _spell_constant(constant: object) -> str:
    if isinstance(constant, CodeType):
        return _spell(constant, None)
    if isinstance(constant, tuple):
        return "(" + ",".join(map(_spell_constant, constant)) + ")"
    if isinstance(constant, frozenset):
        return "{" + ",".join(sorted(map(_spell_constant, constant))) + "}"
    return f"{type(constant).__name__}:{constant!r}"
