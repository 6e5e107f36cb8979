"""The command `dashapp`: run, look after, move things in and out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn
from uuid import UUID

import click
from celery.apps.beat import Beat
from pydantic import ValidationError
from pydantic_settings import SettingsError
from sqlalchemy.exc import SQLAlchemyError

import dashapp
from dashapp import docs, programs
from dashapp.errors import AppError, Invalid
from dashapp.jobs import celery_app
from dashapp.jobs.supervise import Program
from dashapp.services import (
    accounts,
    bundles,
    dashboards,
    datasets,
    doctor,
    embed,
    examples,
    plans,
    rollups,
    secrets,
)
from dashapp.services.superset import archive, importing, writing
from dashapp.settings import settings
from dashapp.specs import FilterState
from dashapp.viewer import SYSTEM
from dashapp.web.core import create_core
from models import migrate


@click.group()
@click.version_option(dashapp.__version__, prog_name="dashapp")
def commands() -> None:
    """Dashapp, a dashboard server. Settings come from DASHAPP_* environment variables."""


@commands.command()
def run() -> None:
    """Serve on one machine: web server, worker and beat together, until Ctrl-C."""
    sys.exit(programs.run(settings(), lambda text: click.echo(text, err=True)))


@commands.command()
def web() -> None:
    """Serve the web pages alone."""
    become(programs.web(settings()))


@commands.command()
def worker() -> None:
    """Work on exports and other jobs."""
    become(programs.worker(settings()))


@commands.command()
def beat() -> None:
    """Queue what is to be done regularly. Run exactly one."""
    celery = celery_app()
    celery.conf.include = ()  # Beat sends tasks by name and needs none of them.
    Beat(app=celery, loglevel=settings().log_level, quiet=True).run()


@commands.group("db")
def database() -> None:
    """The metadata database's tables."""


@database.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the tables to REVISION (the newest by default)."""
    migrate.upgrade(settings().metadata_url, revision)
    click.echo(f"The metadata database has revision {migrate.current(settings().metadata_url)}.")


@database.command()
@click.argument("revision")
@click.confirmation_option(prompt="Data of dropped tables is lost. Go on?")
def downgrade(revision: str) -> None:
    """Bring the tables back to REVISION ("base" for none)."""
    migrate.downgrade(settings().metadata_url, revision)
    found = migrate.current(settings().metadata_url)
    click.echo(f"The metadata database has revision {found or 'none'}.")


@database.command()
def current() -> None:
    """Say which revision the tables have."""
    found, newest = migrate.current(settings().metadata_url), migrate.head()
    note = "the newest" if found == newest else f"the newest is {newest}"
    click.echo(f"{found or 'none'} ({note})")


@commands.command("create-admin")
@click.argument("username")
@click.option("--name", help="Name that others see.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create_admin(username: str, name: str | None, password_stdin: bool) -> None:
    """Make an administrator."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    with core():
        accounts.create_user(SYSTEM, username, name=name, password=password, role="admin")
    click.echo(f"{username} may sign in as administrator.")


@commands.command("create-key")
@click.argument("username")
@click.option("--scope", "scopes", multiple=True, required=True, help="A permission that it has.")
def create_key(username: str, scopes: tuple[str, ...]) -> None:
    """Make an API key for the service account USERNAME, made if need be. It is shown once."""
    with core():
        known = [u for u in accounts.users(SYSTEM) if u.is_service and u.username == username]
        account = next(iter(known), None) or accounts.create_user(SYSTEM, username, is_service=True)
        _, key = accounts.create_key(SYSTEM, username, scopes, user=account.uuid)
    click.echo(key)


@commands.command("embed")
@click.argument("slug")
@click.argument("origins", nargs=-1)
@click.option("--rules", is_flag=True, help="Guests need row-level rules in their tokens.")
def embed_(slug: str, origins: tuple[str, ...], rules: bool) -> None:
    """Let pages of ORIGINS show the dashboard SLUG to guests; without any, nobody may."""
    with core():
        embed.allow(SYSTEM, slug, origins, requires_rules=rules)
    said = f"in pages of {', '.join(origins)}" if origins else "nowhere"
    click.echo(f"{slug} may be embedded {said}.")


@commands.command("rotate-key")
def rotate_key() -> None:
    """Encrypt stored secrets with the current DASHAPP_SECRET_KEY."""
    with core():
        changed = secrets.rotate()
    click.echo(f"{changed} secrets are encrypted with the current key now.")


@commands.group("examples")
def example_commands() -> None:
    """Dashboards over real data, to look at and learn from."""


@example_commands.command()
def load() -> None:
    """Make the example databases and dashboards."""
    with core():
        changes = examples.load(SYSTEM, click.echo)
    report(changes)


@commands.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--plan", "--dry-run", "dry", is_flag=True, help="Only say what would change.")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="THEIRS=OURS",
    help="Use the database OURS for the bundle's database THEIRS (names or UUIDs).",
)
@click.option(
    "--secret",
    "given",
    multiple=True,
    metavar="NAME=PASSWORD",
    help="The password of the bundle's database NAME; asked for if only NAME is given.",
)
@click.option(
    "--overwrite",
    multiple=True,
    metavar="all|UUID",
    help="Change this object, or all, if it is here and differs; of Superset's bundles, others "
    "are kept. A dataset whose row-level rules would hold for other rows is changed by its UUID "
    "only.",
)
def import_(
    file: BinaryIO, dry: bool, mapping: tuple[str, ...], given: tuple[str, ...],
    overwrite: tuple[str, ...],
) -> None:  # fmt: skip
    """Import a bundle, ours (YAML) or Superset's (zip): all that can be kept of it, or nothing."""
    data = file.read()
    wanted = overwrite if archive.is_zip(data) else ("all", *overwrite)
    choices = importing.Choices(
        databases=dict(map(_pair, mapping)), secrets=dict(map(_secret, given)),
        overwrite=_overwritten(wanted), confirmed=_chosen(overwrite),
    )  # fmt: skip
    with core():
        found = (importing.plan if dry else importing.apply)(SYSTEM, data, choices)
    for line in found.lines:
        click.echo(f"{line.action:8} {line.kind:9} {line.name}")
        for text in (*line.problems, *line.notes):
            click.echo(f"{'':18} - {text}")
    if found.blocked:
        fail("Nothing can be imported yet.", *(f"  {text}" for text in found.blocked))


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise click.BadParameter(f"{text} is not of the form NAME=VALUE.")
    return name, value


def _secret(text: str) -> tuple[str, str]:
    if "=" in text:
        return _pair(text)
    return text, click.prompt(f"Password of {text}", hide_input=True, err=True)


def _overwritten(wanted: tuple[str, ...]) -> Literal["all"] | frozenset[UUID]:
    return "all" if "all" in wanted else _chosen(wanted)


def _chosen(wanted: tuple[str, ...]) -> frozenset[UUID]:
    try:
        return frozenset(UUID(text) for text in wanted if text != "all")
    except ValueError:
        raise click.BadParameter("--overwrite takes `all` or a UUID.") from None


@commands.command()
@click.argument("slugs", nargs=-1)
@click.option("--chart", "charts", type=click.UUID, multiple=True, help="A chart's UUID.")
@click.option("--dataset", "sets", type=click.UUID, multiple=True, help="A dataset's UUID.")
@click.option("--superset", is_flag=True, help="Write a zip archive that Superset imports.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write into this file instead of showing it.",
)
def export(
    slugs: tuple[str, ...], charts: tuple[UUID, ...], sets: tuple[UUID, ...], superset: bool,
    output: Path | None,
) -> None:  # fmt: skip
    """Export dashboards (SLUGS), charts and datasets with what they lean on; all by default."""
    chosen = list(slugs) or ([] if charts or sets else None)
    if superset and output is None:
        raise click.UsageError("Name a file for the archive with --output.")
    with core():
        if superset and output is not None:
            written = writing.export(SYSTEM, chosen, charts, sets)
            output.write_bytes(written.data)
            for note in written.notes:
                click.echo(note, err=True)
        else:
            text = bundles.export(SYSTEM, chosen, charts, sets)
            if output is None:
                click.echo(text, nl=False)
                return
            output.write_text(text, encoding="utf-8")
    click.echo(f"Written to {output}.")


@commands.command()
@click.argument("slug")
@click.option("--state", default="{}", help="Choices in filters, as JSON: the f of a page's URL.")
@click.option("--tab", help="Key of a tab; the first by default.")
@click.option("--measure", is_flag=True, help="Ask the warehouse again, together and one by one.")
@click.option("--sql", is_flag=True, help="Show the queries.")
def explain(slug: str, state: str, tab: str | None, measure: bool, sql: bool) -> None:
    """Say how the page of a dashboard is answered: which tiles by which query."""
    with core():
        chosen = FilterState.model_validate_json(state)
        found = plans.plan(SYSTEM, dashboards.open(SYSTEM, slug), chosen, tab, measured=measure)
    click.echo(found.sentence)
    for step in found.steps:
        asked = f", {step.rows:,} rows, {step.seconds:.2f} s" if step.sql else ""
        click.echo(f"  {step.how}: {', '.join(step.tiles)}{asked}")
        if sql and step.sql:
            click.echo("    " + step.sql.replace("\n", "\n    "))


@commands.command()
@click.argument("slugs", nargs=-1, required=True)
def warm(slugs: tuple[str, ...]) -> None:
    """Make the rollups of dashboards, so that no choice on them asks a warehouse."""
    with core():
        for slug in slugs:
            for built in rollups.build(SYSTEM, dashboards.open(SYSTEM, slug)):
                what = built.problem or f"{built.cells:,} cells, {built.bytes / 1e6:.1f} MB"
                click.echo(f"{slug} by {', '.join(built.dimensions)}: {what}")


@commands.command()
@click.argument("wanted", nargs=-1, required=True, metavar="NAME_OR_UUID...")
def invalidate(wanted: tuple[str, ...]) -> None:
    """Say that the data of datasets changed: what was kept of them is asked again."""
    with core():
        found = {text: datasets.named(SYSTEM, text) for text in wanted}
        for text, uuid in found.items():
            count = datasets.invalidate(SYSTEM, uuid)
            click.echo(f"{text} has data version {count} now.")


@commands.command("doctor")
def look() -> None:
    """Check everything this server leans on."""
    with create_core().app_context():
        findings = []
        for finding in doctor.examine(SYSTEM):
            click.echo(f"{'ok ' if finding.is_well else 'NOT'} {finding.what}: {finding.sentence}")
            findings.append(finding)
    if not all(finding.is_well for finding in findings):
        sys.exit(1)


@commands.command("docs")
@click.argument("folder", default="docs", type=click.Path(exists=True, file_okay=False))
def write_docs(folder: str) -> None:
    """Write the pages of FOLDER that are made from the code: settings, commands, routes, tables."""
    for path in docs.write(Path(folder), commands):
        click.echo(f"Written to {path}.")


@contextmanager
def core() -> Iterator[None]:
    """What services need. Refuses when the tables are not the newest."""
    if not migrate.is_current(settings().metadata_url):
        raise AppError("The metadata database has not the newest tables; run `dashapp db upgrade`.")
    with create_core().app_context():
        yield


def report(changes: list[bundles.Change]) -> None:
    """Say what an import did."""
    for change in changes:
        problems = f": {'; '.join(change.problems)}" if change.problems else ""
        click.echo(f"{change.action:8} {change.kind} {change.name}{problems}")


def become(program: Program) -> NoReturn:
    """Go on as another program, with the same process id."""
    sys.stdout.flush()
    environment = programs.environment(settings())
    os.execve(program.command[0], list(program.command), environment)  # noqa: S606


def explained(error: ValidationError) -> Iterator[str]:
    """A line per wrong setting; values are not shown, they may be secrets."""
    for one in error.errors(include_input=False, include_url=False):
        names = "_".join(str(part) for part in one["loc"][:1])
        prefix = f"DASHAPP_{names.upper()}: " if names else ""
        yield prefix + one["msg"].removeprefix("Value error, ")


def fields_of(error: AppError) -> Mapping[str, str]:
    """What is wrong with single fields."""
    return error.fields if isinstance(error, Invalid) else {}


def main() -> None:
    """Run a command; errors are lines on standard error and exit code 1."""
    try:
        commands(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except ValidationError as error:
        fail(*explained(error))
    except SettingsError as error:
        fail(f"{error} (lists are written as JSON).")
    except AppError as error:
        fail(error.message, *(f"  {name}: {text}" for name, text in fields_of(error).items()))
    except SQLAlchemyError as error:
        fail(
            f"The metadata database does not answer ({type(error).__name__}); see `dashapp doctor`."
        )
    except OSError as error:
        fail(f"{error.strerror or 'It failed'}: {error.filename or ''}".rstrip(": "))


def fail(*lines: str) -> NoReturn:
    """Say what is wrong and end."""
    for line in lines:
        click.echo(line, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
