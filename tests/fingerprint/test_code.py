"""Code by what it says and uses: each edit that matters is seen, no other."""

from __future__ import annotations

import copy
import functools
import importlib
import itertools
import linecache
import sys
import textwrap

import numpy as np
import pytest

from prodml.errors import ConfigError
from prodml.fingerprint import fingerprint_code

COUNT = itertools.count()


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write text to a module of the same name each time, and return the module."""
    monkeypatch.syspath_prepend(tmp_path)
    loaded = []

    def load(text, name="steps"):
        path = tmp_path / f"{name}.py"
        path.write_text(textwrap.dedent(text))
        importlib.invalidate_caches()
        linecache.clearcache()
        sys.modules.pop(name, None)
        sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
        try:
            module = importlib.import_module(name)
        finally:
            sys.dont_write_bytecode = before
        loaded.append(name)
        return module

    yield load
    for name in loaded:
        sys.modules.pop(name, None)


@pytest.fixture
def digest(load):
    return lambda text: fingerprint_code(load(text).step)


BASE = '''
    import math
    import numpy as np
    from functools import partial, lru_cache

    RATE = 2
    TABLE = {"a": [1, 2]}

    def helper(x):
        return x + RATE

    class Model:
        size = 3
        def run(self, x):
            return helper(x) * self.size

    MODEL = Model()

    def deep(x):
        return MODEL.run(x)

    def step(x, scale=1.5, *, shift=0):
        """Say what it does."""
        y = deep(x) * scale + shift
        return np.sqrt(math.fabs(y)) + TABLE["a"][0] + sum(i for i in range(3))

    def unused():
        return 1
'''

SAME = {
    "nothing": ("", ""),
    "a comment": ("return x + RATE", "return x + RATE  # more"),
    "a docstring": ("Say what it does.", "Say it better."),
    "no docstring": ('"""Say what it does."""\n', "\n"),
    "layout": ("deep(x) * scale + shift", "(\n            deep(x) * scale\n            + shift)"),
    "quotes": ('TABLE["a"]', "TABLE['a']"),
    "place": ("RATE = 2", "\n\n    RATE = 2"),
    "unused code": ("return 1\n", "return 2\n"),
    "numbers spelled otherwise": ("1.5", "1.50"),
    "order of definition": (
        'RATE = 2\n    TABLE = {"a": [1, 2]}',
        'TABLE = {"a": [1, 2]}\n    RATE = 2',
    ),
}

OTHER = {
    "the body": ("* scale", "/ scale"),
    "a constant of the body": ("range(3)", "range(4)"),
    "a default": ("scale=1.5", "scale=2.5"),
    "a keyword default": ("shift=0", "shift=1"),
    "a helper of a method": ("return x + RATE", "return x - RATE"),
    "a global of a helper": ("RATE = 2", "RATE = 3"),
    "the type of a global": ("RATE = 2", "RATE = 2.0"),
    "a value inside a global": ('{"a": [1, 2]}', '{"a": [1, 3]}'),
    "an attribute of a class": ("size = 3", "size = 4"),
    "a method": ("helper(x) * self.size", "helper(x) + self.size"),
    "the state of an object": ("MODEL = Model()", "MODEL = Model(); MODEL.size = 9"),
    "a nested expression": ("sum(i for i", "sum(i + 1 for i"),
    "another function of a package": ("np.sqrt", "np.cbrt"),
    "another builtin": ("sum(i", "max(i"),
    "a name that shadows a builtin": ("RATE = 2", "RATE = 2\n    sum = max"),
    "what a name of a package means": ("import math", "import cmath as math"),
}


@pytest.mark.parametrize("what", SAME)
def test_an_edit_that_changes_no_result_is_not_seen(digest, what):
    old, new = SAME[what]
    assert old in BASE
    assert digest(BASE.replace(old, new, 1)) == digest(BASE)


@pytest.mark.parametrize("what", OTHER)
def test_an_edit_that_can_change_a_result_is_seen(digest, what):
    old, new = OTHER[what]
    assert old in BASE
    assert digest(BASE.replace(old, new, 1)) != digest(BASE)


def test_an_edit_of_the_file_after_the_import_is_not_believed(load, tmp_path):
    step = load("def step(x):\n    return x + 1\n").step
    (tmp_path / "steps.py").write_text("def step(x):\n    return x + 2\n")
    linecache.clearcache()
    stale = fingerprint_code(step)
    assert stale != fingerprint_code(load("def step(x):\n    return x + 2\n").step)
    (tmp_path / "steps.py").unlink()
    linecache.clearcache()
    assert fingerprint_code(step) == stale  # without a file the bytecode counts


def test_code_without_a_file_is_seen_all_the_same():
    def define(text):
        scope = {"__name__": "__main__"}
        exec(text, scope)
        return fingerprint_code(scope["step"])

    base = "def step(x):\n  'doc'\n  return [i + 1 for i in x if i in {1, 2}] + [(1, 'a')]"
    assert define(base) == define(base.replace("'doc'", "'other doc'"))
    assert define(base) == define("\n\n\n" + base)
    changes = [
        ("i + 1", "i - 1"),
        ("{1, 2}", "{1, 3}"),
        ("'a'", "'b'"),
        ("(1,", "(1.0,"),
        ("x)", "y)"),
    ]
    others = {define(base.replace(old, new, 1)) for old, new in changes[:-1]}
    assert len(others | {define(base)}) == len(changes)


def test_lambdas_on_one_line_are_told_apart():
    a, b = (lambda x: x + 1), (lambda x: x + 2)
    assert fingerprint_code(a) != fingerprint_code(b)


def test_closures_are_told_apart_by_what_they_hold():
    def make(n):
        def add(x):
            return x + n

        return add

    assert fingerprint_code(make(1)) == fingerprint_code(make(1))
    assert fingerprint_code(make(1)) != fingerprint_code(make(2))
    pairs = ([make(1), make(2)], [make(2), make(1)])
    found = [fingerprint_code(functools.partial(max, pair)) for pair in pairs]
    assert found[0] != found[1]


def test_a_cell_that_is_empty_yet_is_no_obstacle():
    def outer():
        def early():
            return late

        found = fingerprint_code(early)
        late = 1
        return found, fingerprint_code(early), late

    before, after, _ = outer()
    assert before != after


def test_functions_that_call_each_other_come_to_an_end(digest):
    text = """
        def even(n):
            return n == 0 or step(n - 1)
        def step(n):
            return n != 0 and even(n - 1)
    """
    assert digest(text) == digest(text)
    assert digest(text) != digest(text.replace("n == 0", "n == 1"))


def test_a_name_that_has_no_value_yet_counts_as_that(digest):
    text = "def step():\n    return later\n"
    assert digest(text) != digest(text + "later = 1\n")


def test_callables_of_every_kind_are_told_apart(load):
    module = load(
        """
        import functools
        class Step:
            '''A step.'''
            limit = 3
            def __init__(self, n): self.n = n
            def __call__(self, x): return x + self.n
            def run(self, x): return x * self.n
            @property
            def p(self): return self.n
            @functools.cached_property
            def q(self): return self.n
            @staticmethod
            def s(x): return x
            @classmethod
            def c(cls, x): return x
        class Slotted:
            __slots__ = ("n",)
        class Child(Step):
            pass
        @functools.lru_cache
        def cached(x): return x
        def plain(x): return x
        def wrap(f):
            @functools.wraps(f)
            def inner(x): return f(x) + 1
            return inner
        wrapped = wrap(plain)
        """
    )
    one, two = module.Step(1), module.Step(2)
    callables = [
        module.Step,
        module.Child,
        module.Slotted,
        one,
        two,
        one.run,
        two.run,
        module.Step.s,
        module.Step.c,
        module.Child.c,
        module.cached,
        module.plain,
        module.wrapped,
        functools.partial(module.plain, 1),
        functools.partial(module.plain, 2),
        len,
        np.sqrt,
        np.mean,
        str.upper,
        int,
    ]
    assert len({fingerprint_code(c) for c in callables}) == len(callables)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return self.n", "return -self.n"),
        ("return cls.k", "return -cls.k"),
        ("return 'static'", "return 'other'"),
        ("return self.k", "return -self.k"),
        ("def base(self): return 1", "def base(self): return 2"),
        ("n: int = 1", "n: int = 2"),
    ],
)
def test_every_part_of_a_class_counts(digest, old, new):
    text = """
        import dataclasses, functools
        class Base:
            def base(self): return 1
        @dataclasses.dataclass
        class Part(Base):
            n: int = 1
            k = 2
            @property
            def p(self): return self.n
            @classmethod
            def c(cls): return cls.k
            @staticmethod
            def s(): return 'static'
            @functools.cached_property
            def q(self): return self.k
        def step():
            return Part()
    """
    assert old in text
    assert digest(text) == digest(text)
    assert digest(text.replace(old, new)) != digest(text)


def test_a_module_of_your_own_is_followed_through_its_attributes(load):
    def both(helper):
        load(helper, "own_helper")
        return fingerprint_code(
            load("import own_helper\ndef step(x):\n    return own_helper.f(x)\n").step
        )

    base = both("def f(x): return x\ndef g(x): return 1\n")
    assert both("def f(x): return x\ndef g(x): return 2\n") == base
    assert both("def f(x): return -x\ndef g(x): return 1\n") != base
    assert both("def g(x): return 1\n") != base


BLIND = {
    "eval": "def step(x): return eval('x')",
    "exec": "def step(x): exec('1')",
    "globals": "def step(x): return globals()[x]",
    "__import__": "def step(x): return __import__(x)",
    "importlib.import_module": "import importlib\ndef step(x): return importlib.import_module(x)",
    "own_helper": "import own_helper\ndef step(x): return vars(own_helper)",
    "import.own_helper": "def step(x):\n    from own_helper import f\n    return f(x)",
    "FILE": "import sys\nFILE = (i for i in ())\ndef step(x): return FILE",
    "a default of step": "def step(x=(i for i in ())): return x",
    "seen in the closure of": """
def make():
    seen = (i for i in ())
    def step(x): return seen
    return step
step = make()
""",
}


@pytest.mark.parametrize("name", BLIND)
def test_what_cannot_be_seen_is_refused_by_name(load, name):
    load("def f(x): return x\n", "own_helper")
    with pytest.raises(ConfigError, match=name.replace(".", r"\.")):
        fingerprint_code(load(BLIND[name]).step)


def test_packages_may_be_imported_inside_a_function(digest):
    text = (
        "def step(x):\n    import json\n    import numpy as np\n    return np.mean(json.loads(x))\n"
    )
    assert digest(text) == digest(text)


def test_what_is_not_callable_is_refused():
    with pytest.raises(ConfigError, match="takes a callable, got a int"):
        fingerprint_code(3)


def test_the_version_of_a_package_counts(load, monkeypatch):
    from prodml.fingerprint import code

    module = load(
        "import numpy as np\nfrom numpy import mean\ndef step(x): return np.std(x)\ndef other(x): return mean(x)\n"
    )
    before = [fingerprint_code(module.step), fingerprint_code(module.other)]
    code._version.cache_clear()
    monkeypatch.setattr(np, "__version__", "99")
    after = [fingerprint_code(module.step), fingerprint_code(module.other)]
    code._version.cache_clear()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_package_that_states_no_version_is_asked_by_its_metadata(monkeypatch):
    from prodml.fingerprint import code

    version = np.__version__
    code._version.cache_clear()
    monkeypatch.delattr(np, "__version__")
    assert code._version("numpy") == f"numpy {version}"
    code._version.cache_clear()


def test_copying_an_object_does_not_change_the_code_of_its_class():
    class Own:
        def fit(self):
            return 1

    before = fingerprint_code(Own)
    copy.deepcopy(Own())  # Python notes the names of its slots on the class
    assert "__slotnames__" in vars(Own)
    assert fingerprint_code(Own) == before
