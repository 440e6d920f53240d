"""Whether an argument has the methods that will be called, asked when it comes in and not days later."""

from __future__ import annotations

from numbers import Real

from prodml.errors import ConfigError

__all__ = ["check_methods", "is_number"]


def check_methods(value: object, *methods: str, what: str, such_as: str) -> None:
    """Refuse an argument that lacks a method.

    Parameters
    ----------
    value : object
        What was passed.
    *methods : str
        What will be called.
    what : str
        Name of the argument.
    such_as : str
        Something that would do, as code.

    Raises
    ------
    ConfigError
        If a method is missing, or the class was passed instead of an object.

    Examples
    --------
    >>> check_methods("./store", "get", "put", what="storage", such_as='open_storage("./store")')
    Traceback (most recent call last):
        ...
    prodml.errors.ConfigError: storage must have get() and put(), such as open_storage("./store"), got a str
    """
    if isinstance(value, type):
        raise ConfigError(
            f"{what} must be an object, such as {such_as}, got the class {value.__name__}"
        )
    if all(callable(getattr(value, method, None)) for method in methods):
        return
    needed = " and ".join(f"{method}()" for method in methods)
    raise ConfigError(f"{what} must have {needed}, such as {such_as}, got a {type(value).__name__}")


def is_number(value: object) -> bool:
    """Say whether a value is a real number, Python's or numpy's, so that it can be compared with one.

    Examples
    --------
    >>> is_number(0.05), is_number("0.05")
    (True, False)
    """
    return isinstance(value, Real)
