"""What is public is documented and typed."""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module

import pytest

import prodml

PACKAGES = sorted(m.name for m in pkgutil.iter_modules(prodml.__path__, "prodml.") if m.ispkg)


def public_objects():
    for package in PACKAGES:
        module = import_module(package)
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                yield pytest.param(value, id=f"{package}.{name}")


def methods(value):
    if not inspect.isclass(value):
        return [value]
    own = [m for n, m in vars(value).items() if not n.startswith("_") and inspect.isfunction(m)]
    return [m for m in own if (m.__module__ or "").startswith("prodml")]


@pytest.mark.parametrize("value", list(public_objects()))
def test_a_public_object_says_what_it_is(value):
    assert (value.__doc__ or "").strip()


@pytest.mark.parametrize("value", list(public_objects()))
def test_a_public_method_says_what_it_does(value):
    assert [m.__qualname__ for m in methods(value) if not (m.__doc__ or "").strip()] == []


@pytest.mark.parametrize("value", list(public_objects()))
def test_a_public_signature_is_annotated(value):
    missing = []
    for method in methods(value):
        parameters = list(inspect.signature(method).parameters.values())
        named = [p for p in parameters if p.name not in {"self", "cls"}]
        missing += [f"{method.__qualname__}({p.name})" for p in named if p.annotation is p.empty]
        if "return" not in method.__annotations__:
            missing.append(f"{method.__qualname__} ->")
    assert missing == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_room_says_what_it_is_for_and_names_its_public_things(package):
    module = import_module(package)
    assert module.__doc__
    if package != "prodml.stats":  # a shelf of modules, each imported by its own name
        assert module.__all__
