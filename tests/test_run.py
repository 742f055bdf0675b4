"""`make run`, for real: its ready line, its contract, its children's deaths, its own end, and its refusals."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.house import ROOT, House, copy_checkout, descendants, living, wait_until, without_settings
from tests.support.servers import free_port

pytestmark = pytest.mark.whole


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("run") / "driftline")


@pytest.fixture(scope="module")
def house(checkout: Path) -> Iterator[House]:
    house = House(checkout)
    try:
        house.start()
        yield house
    finally:
        house.end()


def test_the_ready_line_carries_a_link_that_signs_in_once(house: House) -> None:
    link = house.output.split("Driftline is ready: ")[1].splitlines()[0]
    first = requests.get(link, timeout=10)
    assert first.status_code == 200
    assert first.history
    assert first.url.rstrip("/") == house.url
    assert requests.get(link, timeout=10).status_code == 410


def test_make_link_prints_another_link(house: House) -> None:
    answer = house.call("make", "link")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"{house.url}/")
    assert requests.get(answer.stdout.strip(), timeout=10).url.rstrip("/") == house.url


def test_run_json_says_what_runs_to_its_owner_alone(house: House) -> None:
    file = house.folder / "var" / "run.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    facts = house.facts
    assert facts["dashboard"] == {"url": house.url}
    assert set(facts["engine"]) == {"url", "user", "password", "client_id", "client_secret", "log", "shift_seconds"}
    assert facts["engine"]["shift_seconds"] % (7 * 86_400) == 0
    assert Path(facts["engine"]["log"]).exists()
    assert all(set(process) == {"name", "pid", "log"} for process in facts["processes"])
    assert {process["name"] for process in facts["processes"]} == {
        "redis", "engine-web", "engine-runner", "web", "worker", "beat",
    }  # fmt: skip
    assert living(process["pid"] for process in facts["processes"]) == {p["pid"] for p in facts["processes"]}


@pytest.mark.parametrize(
    "grant",
    [
        lambda engine: {
            "grant_type": "password",
            "client_id": "sdk-client",
            "username": engine["user"],
            "password": engine["password"],
        },
        lambda engine: {
            "grant_type": "client_credentials",
            "client_id": engine["client_id"],
            "client_secret": engine["client_secret"],
        },
    ],
    ids=["password", "client_credentials"],
)
def test_the_engine_takes_what_run_json_names(house: House, grant: object) -> None:
    engine = house.facts["engine"]
    address = f"{engine['url']}/auth/realms/master/protocol/openid-connect/token"
    assert callable(grant)
    assert requests.post(address, data=grant(engine), timeout=10).json()["access_token"]


def test_secrets_are_private_and_in_no_log(house: House) -> None:
    engine = house.facts["engine"]
    logs = "".join(Path(process["log"]).read_text(errors="replace") for process in house.facts["processes"])
    assert not [name for name in ("password", "client_secret") if engine[name] in logs]
    for name in ("secrets.json", "run.env", "redis/redis.conf", "driftline.sqlite3", "engine.sqlite3"):
        assert stat.S_IMODE((house.folder / "var" / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["web", "worker", "beat", "engine-web", "engine-runner", "redis"])
def test_a_process_that_dies_is_started_again(house: House, name: str) -> None:
    old = house.pid(name)
    assert old is not None
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: house.pid(name) not in {None, old}, 30, lambda: house.output)


def test_a_restarted_dashboard_answers_again(house: House) -> None:
    old = house.pid("web")
    assert old is not None
    os.kill(old, signal.SIGKILL)

    def answers() -> bool:
        try:
            return house.pid("web") != old and requests.get(f"{house.url}/sign-in/", timeout=5).ok
        except requests.ConnectionError:
            return False

    wait_until(answers, 30, lambda: house.output)


def test_a_second_run_in_the_same_folder_is_refused(house: House) -> None:
    second = house.call("make", "run")
    assert second.returncode == 2
    assert second.stderr.splitlines()[0] == (
        "Driftline is already running in this folder; `make link` prints a sign-in link."
    )


def test_nothing_is_written_outside_var(house: House) -> None:
    beside = [path for path in house.folder.iterdir() if path.name not in {"var", ".venv"}]
    files = [file for path in beside for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file()]
    assert [file for file in files if file.stat().st_mtime > house.began] == []


def test_ctrl_c_leaves_no_process_and_the_next_start_finds_the_data(house: House) -> None:
    assert house.process is not None
    everyone = descendants(house.process.pid)
    shift = house.facts["engine"]["shift_seconds"]
    assert len(everyone) >= 6
    assert house.interrupt() == 0
    assert not living(everyone)
    assert not (house.folder / "var" / "run.json").exists()
    assert house.call("make", "link").returncode == 2
    link = house.start()
    assert house.facts["engine"]["shift_seconds"] == shift
    assert "Delay probability, seven days" in requests.get(link, timeout=10).text


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_killing_the_supervisor_leaves_no_process(house: House) -> None:
    assert house.process is not None
    everyone = descendants(house.process.pid)
    house.process.kill()
    house.process.wait()
    wait_until(lambda: not living(everyone), 20)


def refusal(folder: Path, **settings: str) -> str:
    """The one sentence a start is refused with."""
    environment = without_settings(os.environ) | {"PORT": str(free_port()), "ENGINE_PORT": str(free_port()), **settings}
    done = subprocess.run(
        ["python3", "scripts/run.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1
    return done.stderr.strip()


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("idle") / "driftline")


@pytest.mark.parametrize("variable", ["PORT", "ENGINE_PORT"])
def test_a_taken_port_is_refused_in_one_sentence(idle: Path, variable: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert refusal(idle, **{variable: port}) == (
            f"Driftline cannot listen on 127.0.0.1:{port} (Address already in use); set {variable} to another port."
        )


def test_a_port_that_is_no_number_is_refused(idle: Path) -> None:
    assert refusal(idle, PORT="http") == "PORT must be a port number from 1 to 65535, and is 'http'."


def test_a_wrong_setting_is_named(idle: Path) -> None:
    assert refusal(idle, DRIFTLINE_POLL_CONCURRENCY="many").endswith("DRIFTLINE_POLL_CONCURRENCY: Not a valid integer.")


def test_settings_that_do_not_go_together_are_refused(idle: Path) -> None:
    said = refusal(idle, WALLAROO_URL="http://127.0.0.1:9", WALLAROO_USER="ada")
    assert said == "Driftline cannot start: WALLAROO_USER is set, and WALLAROO_PASSWORD is not."


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    folder = copy_checkout(tmp_path / "driftline")
    (folder / "var").write_text("a file where a folder should be")
    assert refusal(folder) == f"Driftline cannot write to {folder}/var/log: Not a directory."


def test_a_python_without_venv_is_refused(tmp_path: Path) -> None:
    folder = copy_checkout(tmp_path / "driftline")
    (folder / ".venv").unlink()
    (folder / "scripts" / "sitecustomize.py").write_text("import sys\nsys.modules['ensurepip'] = None\n")
    assert refusal(folder, PYTHONPATH=str(folder / "scripts")).startswith("This Python has no venv module")


def test_an_old_python_reads_run_py_and_is_refused(tmp_path: Path) -> None:
    """Played by the version number: no older Python can be counted on to be here."""
    script = (
        (ROOT / "scripts" / "run.py").read_text().replace("import sys\n", "import sys\nsys.version_info = (3, 8)\n", 1)
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("Driftline needs Python 3.11 or newer; ")
    compile(script, "run.py", "exec", flags=0, dont_inherit=True)
