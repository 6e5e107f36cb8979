"""Documentation is true: made pages are fresh, links lead somewhere, nothing is left out."""

from __future__ import annotations

import importlib
import inspect
import re
import tomllib
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dashapp
from dashapp import cli, docs
from dashapp.settings import Settings
from tests.house import source

DOCS = source.ROOT / "docs"
PAGES = docs.pages(cli.commands)
MACHINE = re.compile(
    r"/(?:work|opt|root|srv|home|Users)/[\w.-]+|/tmp/(?!dashapp)[\w.-]+"
    r"|--(?:extra-)?index-url|(?:pypi|registry|mirror|proxy)\.[a-z0-9-]+\.[a-z]{2,}"
)
# Data that others wrote, and attacks that name such paths on purpose.
FOREIGN = re.compile(r"^(?:dashapp/web/assets/vendor/|LICENSE|tests/)")


def config() -> ConfigParser:
    """setup.cfg."""
    found = ConfigParser()
    found.read(source.ROOT / "setup.cfg", "utf-8")
    return found


def lines(text: str) -> list[str]:
    """Lines with something in them."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def pins() -> dict[str, str]:
    """The lock: version by name."""
    found = [line.split("==") for line in lines((source.ROOT / "constraints.txt").read_text())]
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.parametrize("name", PAGES)
def test_made_pages_are_fresh(name: str) -> None:
    assert (DOCS / name).read_text("utf-8") == PAGES[name], "Run: dashapp docs"


def test_every_setting_is_described_and_bounded() -> None:
    assert len(Settings.model_fields) < 60
    for name, field in Settings.model_fields.items():
        assert f"| `DASHAPP_{name.upper()}` |" in PAGES["configuration.md"]
        assert field.description, name
        assert field.description.endswith("."), name
        assert field.annotation is not int or "least" in docs.values(field) or field.metadata, name


def test_settings_that_texts_name_exist() -> None:
    known = {f"DASHAPP_{name.upper()}" for name in Settings.model_fields}
    for path, text in source.texts():
        if not path.startswith("tests/"):
            named = {n for n in re.findall(r"\bDASHAPP_[A-Z_]*[A-Z]\b", text) if n != "DASHAPP_"}
            assert named - known == set(), path


def test_every_command_is_in_the_readme() -> None:
    readme = (source.ROOT / "README.md").read_text("utf-8")
    for path, _ in docs.every(cli.commands, "dashapp"):
        assert f"`{path}" in readme, path


def test_commands_that_texts_name_exist() -> None:
    known = {path for path, _ in docs.every(cli.commands, "dashapp")}
    groups = {path.rsplit(" ", 1)[0] for path in known}
    for path, text in source.texts():
        for words in re.findall(r"`(dashapp(?: [a-z][a-z-]*)+)", text):
            first = " ".join(words.split()[:2])
            assert words in known or first in known or words in groups, f"{path}: {words}"


@pytest.mark.parametrize("page", sorted(p.name for p in DOCS.glob("*.md")) + ["../README.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    for target in re.findall(r"(?:\]\(|src=\")([^)#\s\"]+)", text):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert ((DOCS / page).parent / target).exists(), target


def test_code_that_pages_name_exists() -> None:
    for page in [*DOCS.glob("*.md"), source.ROOT / "README.md"]:
        text = page.read_text("utf-8")
        for path in re.findall(
            r"`((?:dashapp|pages|callbacks|worker|models|tests)/[\w/.]*)`", text
        ):
            assert (source.ROOT / path).exists(), f"{page.name}: {path}"


def test_every_page_is_linked() -> None:
    entry = (source.ROOT / "README.md").read_text("utf-8")
    for page in DOCS.glob("*.md"):
        assert f"(docs/{page.name})" in entry, page.name


def test_architecture_names_every_floor() -> None:
    text = (DOCS / "architecture.md").read_text("utf-8")
    floors = {p.name for p in (source.ROOT / "dashapp").iterdir() if (p / "__init__.py").exists()}
    assert {name for name in floors if f"`dashapp/{name}/`" not in text} == set()
    assert "(erd.md)" in text


def test_change_log_names_the_version() -> None:
    text = (source.ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## Unreleased" in text or f"## {dashapp.__version__}" in text


def test_no_file_names_a_machine() -> None:
    found = {
        path: MACHINE.findall(text) for path, text in source.texts() if not FOREIGN.match(path)
    }
    assert {path: names for path, names in found.items() if names} == {}


def test_the_lock_has_what_is_required() -> None:
    options = config()
    wanted = lines(options["options"]["install_requires"])
    wanted += lines(options["options.extras_require"]["test"])
    build = tomllib.loads((source.ROOT / "pyproject.toml").read_text("utf-8"))
    wanted += build["build-system"]["requires"]
    locked = pins()
    for requirement in map(Requirement, wanted):
        version = locked.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is not in constraints.txt"
        assert requirement.specifier.contains(version), f"{requirement}, but locked {version}"


def test_what_is_imported_is_required() -> None:
    options = config()
    names = {
        canonicalize_name(Requirement(line).name)
        for line in lines(options["options"]["install_requires"])
    }
    provided = importlib.metadata.packages_distributions()
    for module in source.rooms():
        for top in imported(module):
            owners = {canonicalize_name(name) for name in provided.get(top, [])}
            assert not owners or owners & names or owners == {"dashapp"}, f"{module.path}: {top}"


def imported(module: source.Module) -> set[str]:
    """First parts of the names that a module imports."""
    pattern = r"^(?:from|import) (\w+)"
    return set(re.findall(pattern, module.text, re.MULTILINE))


def test_public_methods_are_documented() -> None:
    found = []
    for module in source.modules(*source.ROOMS):
        if not module.path.startswith("models/migrations/"):
            loaded = importlib.import_module(module.name)
            classes = [c for _, c in inspect.getmembers(loaded, inspect.isclass)]
            found += [n for c in classes if c.__module__ == module.name for n in undocumented(c)]
    assert found == []


def undocumented(cls: type) -> list[str]:
    """Public methods and properties of a class without a docstring; one may be inherited."""
    if cls.__name__.startswith("_") or getattr(cls, "_is_protocol", False):
        return []
    own = [name for name, value in list(vars(cls).items()) if is_method(cls, name, value)]
    return [f"{cls.__module__}.{cls.__name__}.{n}" for n in own if not documented(cls, n)]


def is_method(cls: type, name: str, value: object) -> bool:
    """Whether a public name of a class is a method or property written there."""
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    is_own = getattr(value, "__qualname__", "").startswith(cls.__qualname__)
    return not name.startswith("_") and (isinstance(value, property) or is_own)


def documented(cls: type, name: str) -> bool:
    """Whether a member or the one it replaces says what it is."""
    return any(inspect.getdoc(vars(base)[name]) for base in cls.__mro__ if name in vars(base))


def test_undocumented_methods_are_found() -> None:
    class Good:
        """Documented."""

        def said(self) -> None:
            """So."""

    class Bad(Good):
        """Has one more."""

        def said(self) -> None: ...

        def unsaid(self) -> None: ...

    assert [name.rsplit(".", 1)[-1] for name in undocumented(Bad)] == ["unsaid"]


def test_files_beside_modules_are_packed() -> None:
    patterns = config()["options.package_data"]
    for package in source.ROOMS:
        folder = source.ROOT / package
        packed = {p for line in lines(patterns.get(package, "")) for p in folder.glob(line)}
        wanted = {source.ROOT / p for p in source.tracked() if p.startswith(f"{package}/")}
        assert {p for p in wanted if p.suffix != ".py"} <= packed


def test_docs_folder_has_no_empty_page() -> None:
    assert [p.name for p in Path(DOCS).glob("*.md") if len(p.read_text("utf-8")) < 200] == []
