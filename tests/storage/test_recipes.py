"""The recipes of the how-to page that need a server run against a real one."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import pytest

import prodml as pm

PAGE = (Path(__file__).parents[2] / "docs/how-to/storage.md").read_text()
RECIPES = re.findall(r"^```py\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def run(needle, **replaced):
    """Run the recipes that hold a text, one after the other, at real addresses."""
    found = [recipe for recipe in RECIPES if needle in recipe]
    text = "\n".join(found)
    for shown, real in replaced.values():
        text = text.replace(shown, real)
    names = {"pm": pm}
    exec(text, names)
    return names


def test_the_recipe_of_sqlite(tmp_path, monkeypatch):
    pytest.importorskip("sqlalchemy", reason="needs the extra prodml[sql]")
    monkeypatch.chdir(tmp_path)
    run("sqlite:///")["store"].close()
    assert (tmp_path / "store.db").exists()


def test_the_recipes_of_postgresql(postgres):
    names = run(
        "postgresql+psycopg",
        url=("postgresql+psycopg://prodml:secret@db.example/models", postgres.url),
    )
    names["engine"].dispose()


def test_the_recipe_of_redis(redis_server):
    url = ("redis://redis.example:6379/0", redis_server.url)
    run("redis://", url=url, namespace=('"models"', f'"{uuid.uuid4().hex}"'))["store"].close()


def test_the_recipe_of_a_bucket(moto):
    options = ", ".join(f"{name}={value!r}" for name, value in moto.options().items())
    run(
        "s3://",
        url=("s3://models/production", f"s3://{moto.bucket()}/x"),
        options=('region="eu-central-1"', options),
    )


def test_every_recipe_is_run_here():
    shown = ("sqlite:///", "postgresql+psycopg", "redis://", "s3://")
    assert all(any(text in recipe for text in shown) for recipe in RECIPES)
