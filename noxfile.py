"""What prodml promises, session by session. `nox -l` lists them; `nox -s tests` is the one to start with."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|venv"
nox.options.sessions = ["tests"]
# A Python that is not on this machine is skipped and said so; nothing is downloaded behind your back.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")

PROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PROJECT)
COVERED = PYTHONS[0]

# Oldest versions that work together on every Python above; pyproject's bounds name the same ones.
LOWEST = [
    "attrs==23.2.0",
    "joblib==1.4.2",
    "numpy==2.1.3",
    "pandas==2.2.3",
    "scikit-learn==1.6.1",
    "scipy==1.14.1",
    "shap==0.48.0",
]
# Every extra whose package the tests can exercise for real.
EXTRAS = "arrow,crypto,fast,mlflow,onnx,polars,prometheus,redis,s3,serve,skops,sql"
# Servers that those tests start: an S3 of moto's, a PostgreSQL, a Redis.
SERVERS = nox.project.dependency_groups(PROJECT, "servers")
# What prodml is measured beside and exchanges files with; heavy, so apart from the tests above.
PEERS = nox.project.dependency_groups(PROJECT, "peers")
TEST_TOOLS = nox.project.dependency_groups(PROJECT, "tests")
PYTEST = ("python", "-m", "pytest", "-n", "2", "--dist", "worksteal")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Every test on every Python found here; line coverage is measured on the first."""
    session.install(f".[{EXTRAS}]", *TEST_TOOLS, *SERVERS)
    if session.python != COVERED:
        session.run(*PYTEST, *session.posargs)
        return
    report = () if session.posargs else ("--cov-fail-under=95",)
    session.run(
        *PYTEST, "--cov=prodml", "--cov-report=term:skip-covered", *report, *session.posargs
    )


@nox.session(python=COVERED)
def tests_lowest(session: nox.Session) -> None:
    """Every test on the oldest versions that pyproject allows."""
    session.install(".", *LOWEST, *TEST_TOOLS)
    session.run(*PYTEST, *session.posargs)


@nox.session(python=PYTHONS[-1])
def tests_minimal(session: nox.Session) -> None:
    """Every test that needs no extra, with none installed."""
    session.install(".", *TEST_TOOLS)
    session.run(*PYTEST, *session.posargs)


@nox.session(python=COVERED)
def slow(session: nox.Session) -> None:
    """Run the long simulations, kill storms and soaks whole."""
    session.install(f".[{EXTRAS}]", *TEST_TOOLS, *SERVERS)
    session.run(*PYTEST, "--slow", "-m", "slow", *session.posargs)


@nox.session(python=COVERED)
def bench(session: nox.Session) -> None:
    """Benchmarks, each beside a peer or a physical limit."""
    session.install(f".[{EXTRAS}]", *TEST_TOOLS, *SERVERS, *PEERS)
    session.run(
        "python", "-m", "pytest", "tests/benchmarks", "--benchmark-enable", "-p", "no:randomly",
        "--benchmark-only", *session.posargs,
    )  # fmt: skip


@nox.session(python=COVERED)
def peers(session: nox.Session) -> None:
    """Tests that exchange files and answers with the real tools: MLflow reads what we write."""
    session.install(f".[{EXTRAS}]", *TEST_TOOLS, *PEERS)
    session.run(*PYTEST, "tests/integrations", "tests/gate", *session.posargs)


@nox.session(python=COVERED)
def lint(session: nox.Session) -> None:
    """Format, lint and spelling."""
    session.install("ruff>=0.14", "codespell>=2.4")
    session.run("ruff", "format", "--check", ".")
    session.run("ruff", "check", ".")
    session.run(
        "codespell", "src", "docs", "notebooks", "README.md", "noxfile.py"
    )  # tests misspell on purpose


@nox.session(python=COVERED)
def typing(session: nox.Session) -> None:
    """Strict types inside, complete types outside."""
    session.install(
        f".[{EXTRAS},testing]",
        "mypy>=1.18",
        "pyright[nodejs]>=1.1.400",
        "pandas-stubs",
        "scipy-stubs",
    )
    session.run("mypy")
    session.run("pyright")


@nox.session(python=COVERED)
def layers(session: nox.Session) -> None:
    """Who may import whom."""
    session.install(".", "import-linter>=2.1")
    session.run("lint-imports")


@nox.session(python=COVERED)
def docs(session: nox.Session) -> None:
    """Build the docs without a warning."""
    session.install(".[testing]", "sphinx>=8", "furo", "myst-parser>=4")
    out = Path("docs/_build/html")
    shutil.rmtree(out.parent, ignore_errors=True)
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", str(out))
    session.log(f"the docs are in {out / 'index.html'}")


@nox.session(python=COVERED)
def notebooks(session: nox.Session) -> None:
    """Execute each notebook from its text twin, and check that the pair agrees."""
    session.install(".", "jupytext>=1.16", "nbclient>=0.10", "ipykernel>=6")
    for text in sorted(Path("notebooks").glob("*.md")):
        session.run("python", "notebooks/run.py", str(text))


@nox.session(python=COVERED)
def package(session: nox.Session) -> None:
    """Build wheel and sdist and look inside them."""
    session.install(
        "build", "twine", "check-wheel-contents", "validate-pyproject[all]", "hatchling"
    )
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("validate-pyproject", "pyproject.toml")
    session.run("python", "-m", "build", "--outdir", str(dist), ".")
    files = [str(f) for f in sorted(dist.iterdir())]
    session.run("twine", "check", "--strict", *files)
    session.run("check-wheel-contents", *(f for f in files if f.endswith(".whl")))
