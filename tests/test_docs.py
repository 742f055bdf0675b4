"""What the documentation says about settings, tasks, commands and files, held to the code."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from launch.configuration import configure

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
OPERATING = (ROOT / "docs" / "operating.md").read_text()
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("engine/**/*.md"), *ROOT.glob("benchmarks/*.md")]
)
COMPOSE_ALONE = {"POSTGRES_PASSWORD"}
LAUNCHER = {"HOST", "PORT", "ENGINE_PORT"}


def read_by_settings(path: Path) -> set[str]:
    """The names that a settings module reads by `env.<type>("NAME", …)`."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def documented_defaults(text: str, pattern: str) -> dict[str, str]:
    return dict(re.findall(pattern, text, re.MULTILINE))


EXAMPLE = documented_defaults((ROOT / ".env.example").read_text(), r"^([A-Z_]+)=(.*)$")
TABLE = documented_defaults(README, r"^\| `([A-Z_]+)` \| ?`?([^|`]*?)`? ?\|")
IN_CODE = read_by_settings(ROOT / "dashboard" / "settings.py") | read_by_settings(ROOT / "engine" / "settings.py")


def test_the_example_file_documents_every_setting_and_no_other() -> None:
    assert set(EXAMPLE) == IN_CODE | LAUNCHER | COMPOSE_ALONE


def test_the_readme_has_the_same_settings_with_the_same_defaults() -> None:
    assert TABLE == EXAMPLE


def test_each_setting_of_the_example_file_says_what_it_is_for() -> None:
    paragraphs = re.split(r"\n\n", (ROOT / ".env.example").read_text())
    assert all(paragraph.startswith("#") for paragraph in paragraphs)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DRIFTLINE_POLL_CONCURRENCY", "POLL_CONCURRENCY"),
        ("DRIFTLINE_RETENTION_DAYS", "RETENTION_DAYS"),
        ("DRIFTLINE_ANSWER_LIMIT_MB", "ANSWER_LIMIT_MB"),
        ("DRIFTLINE_LOG_LEVEL", "LOG_LEVEL"),
        ("DRIFTLINE_URL", "PUBLIC_URL"),
        ("WALLAROO_CLIENT_ID", "WALLAROO_CLIENT_ID"),
    ],
)
def test_a_documented_default_is_the_codes(variable: str, value: str) -> None:
    assert EXAMPLE[variable] == str(getattr(settings, value))


def test_the_launchers_defaults_are_the_documented_ones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in LAUNCHER:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("launch.configuration.SECRETS_FILE", tmp_path / "secrets.json")
    monkeypatch.setattr("launch.configuration.ROOT", tmp_path)
    launched = configure()
    assert (launched.host, str(launched.port), str(launched.engine_port)) == (
        EXAMPLE["HOST"],
        EXAMPLE["PORT"],
        EXAMPLE["ENGINE_PORT"],
    )


def test_operating_lists_every_task_of_the_calendar_with_its_period() -> None:
    rows = r"^\| `((?:assays|dashboard\.reports)\.tasks\.\w+)` \| ([^|]+?) \|"
    told = dict(re.findall(rows, OPERATING, re.MULTILINE))
    seconds = {"s": 1, "min": 60, "h": 3600, "day": 86_400}
    told_seconds = {task: float(text.split()[0]) * seconds[text.split()[1]] for task, text in told.items()}
    assert told_seconds == {entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


def test_operating_names_every_task() -> None:
    tree = ast.parse((ROOT / "assays" / "tasks.py").read_text())
    tasks = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and any("shared_task" in ast.unparse(d) for d in node.decorator_list)
    }
    assert tasks == set(re.findall(r"`assays\.tasks\.(\w+)`", OPERATING))


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name for page in PAGES for line in re.findall(r"make ((?:[a-z-]+ ?)+)", _code(page)) for name in line.split()
    }
    assert named <= targets


def _code(page: Path) -> str:
    """What stands in code: indented blocks without their comments, and spans."""
    text = page.read_text()
    blocks = [line.split("#")[0] for line in text.splitlines() if line.startswith("    ")]
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text()) + re.findall(
        r'src(?:set)?="([^"]+)"', document.read_text()
    )
    inner = [link for link in links if "://" not in link]
    assert not [link for link in inner if not (document.parent / link).exists()]


def test_every_management_command_that_is_named_exists() -> None:
    built_in = {"migrate", "collectstatic", "createsuperuser", "check"}
    for program, folders in {
        "manage.py": ("assays", "dashboard"),
        "engine/manage.py": ("engine",),
    }.items():
        existing = {path.stem for folder in folders for path in (ROOT / folder).rglob("management/commands/[a-z]*.py")}
        for page in PAGES:
            named = set(re.findall(rf"(?<![\w/]){re.escape(program)} ([a-z_]+)", _code(page)))
            assert named <= existing | built_in, page
