"""``python -m scripts.check_distribution``: the wheel at work where there is nothing else.

Builds sdist and wheel into ``dist/``, installs the wheel without extras into an environment of its
own, and there, outside of the checkout, fits ``HCDV``, values a file and asks for a command whose
extra is missing. Ends with status 1 where something is not as it should be.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
MOST_DISTRIBUTIONS = 12
"""Beside those that torch and scikit-learn bring."""
MOST_IMPORT_SECONDS = 0.3

_BROUGHT = """
import re
from importlib.metadata import distributions, requires

def named(name):
    return re.sub(r"[-_.]+", "-", name).lower()

def closure(*names):
    found, left = set(), [*names]
    while left:
        name = left.pop()
        if name in installed and name not in found:
            found.add(name)
            left += [
                named(re.match(r"[A-Za-z0-9._-]+", each)[0])
                for each in requires(name) or ()
                if "extra ==" not in each
            ]
    return found

installed = {named(each.metadata["Name"]) for each in distributions()}
print(*sorted(installed - closure("torch", "scikit-learn") - {"hcdv-stream", "pip"}))
"""
_IMPORT = """
import time
begin = time.perf_counter()
import hcdv_stream
print(time.perf_counter() - begin)
"""
_FIT = """
import sys
import numpy as np
from hcdv_stream import HCDV

generator = np.random.default_rng(0)
y = np.repeat([0, 1], 40)
X = generator.normal(size=(80, 4)) + 2.0 * y[:, None]
hcdv = HCDV(encoder="identity").fit(X[::2], y[::2], X[1::2], y[1::2])
assert np.isclose(hcdv.values_.sum(), hcdv.total_), hcdv.total_
assert HCDV().fit(X, y).values_.shape == (80,)
loaded = {"faust", "kafka", "aiokafka", "rocksdict", "fastapi"} & sys.modules.keys()
assert not loaded, loaded
"""


class BrokenError(Exception):
    """The distribution is not as it should be."""


def build() -> tuple[Path, Path]:
    """Build both and return (sdist, wheel); the wheel is made from the sdist."""
    shutil.rmtree(DIST, ignore_errors=True)
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST), str(ROOT))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (sdist,), (wheel,) = DIST.glob("*.tar.gz"), DIST.glob("*.whl")
    return sdist, wheel


def check_contents(sdist: Path, wheel: Path) -> None:
    """Check that both hold every file of the package, and the wheel nothing beside it."""
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    if strangers := {name.partition("/")[0] for name in packed} - {"hcdv_stream"}:
        raise BrokenError(f"{wheel.name} puts {', '.join(sorted(strangers))} into site-packages")
    listed = subprocess.run(
        ("git", "ls-files", "hcdv_stream", "simulators", "dashboards"),
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = [ROOT / name for name in listed.stdout.split()]
    wanted = {
        str(Path(*(() if file.is_relative_to(ROOT / "hcdv_stream") else ("hcdv_stream",)))
            / file.relative_to(ROOT))
        for file in files
        if not file.is_dir()
    }  # fmt: skip
    with tarfile.open(sdist) as tar:
        sent = {member.name.partition("/")[2] for member in tar if member.isfile()}
    for name, held in ((wheel.name, packed), (sdist.name, sent)):
        if missing := wanted - held:
            raise BrokenError(f"{name} lacks {', '.join(sorted(missing)[:5])}")


def check_installed(wheel: Path, folder: Path) -> None:
    """Install the wheel into an environment below ``folder`` and use it there."""
    environment = folder / "environment"
    subprocess.run((sys.executable, "-m", "venv", str(environment)), check=True)
    python, command = environment / "bin" / "python", environment / "bin" / "hcdv-stream"
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    _say(folder, python, *pip, "--constraint", CONSTRAINTS, wheel)
    brought = _say(folder, python, "-c", _BROUGHT).split()
    print(len(brought), "distributions beside those of torch and scikit-learn:", *brought)
    if len(brought) > MOST_DISTRIBUTIONS:
        raise BrokenError(f"at most {MOST_DISTRIBUTIONS} distributions are wanted")
    seconds = min(float(_say(folder, python, "-c", _IMPORT)) for _ in range(3))
    print(f"import hcdv_stream: {seconds:.3f} s")
    if seconds > MOST_IMPORT_SECONDS:
        raise BrokenError(f"that is more than {MOST_IMPORT_SECONDS} s")
    _say(folder, python, "-c", _FIT)
    rows = (f"{n},{n % 7},{n % 3},{'yes' if n % 7 > 3 else 'no'}" for n in range(200))
    (folder / "clicks.csv").write_text("\n".join(("id,pages,carts,bought", *rows)) + "\n")
    given = ("--input", "clicks.csv", "--label", "bought", "--id", "id")
    _say(folder, command, "value", *given, "--out", "values.parquet")
    _say(folder, command, "select", "--input", "values.parquet", "--share", "0.3", "--out", "c.csv")
    _say(folder, command, "--help")
    print(_say(folder, command, "--version").strip())
    for name, extra in (("worker", "service"), ("top", "client"), ("demo", "demo")):
        _, said = _run(folder, command, name, status=1)
        wanted = f'error: hcdv-stream {name} needs the extra "{extra}": pip install '
        if " ".join(said.split()) != f'{wanted}"hcdv-stream[{extra}]"':
            raise BrokenError(f"hcdv-stream {name} without its extra says: {said}")


def _say(folder: Path, *command: Path | str) -> str:
    return _run(folder, *command, status=0)[0]


def _run(folder: Path, *command: Path | str, status: int) -> tuple[str, str]:
    """Run a command outside of the checkout; return what it says on both streams."""
    foreign = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != status:
        shown = " ".join(str(part) for part in command[:3])
        raise BrokenError(f"{shown} … ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout, done.stderr


def main() -> None:
    """Check the distribution, and say how long it took."""
    begin = time.perf_counter()
    try:
        sdist, wheel = build()
        check_contents(sdist, wheel)
        with tempfile.TemporaryDirectory(prefix="hcdv-wheel-") as folder:
            check_installed(wheel, Path(folder))
    except BrokenError as broken:
        sys.exit(f"error: {broken}")
    print(f"{sdist.name} and {wheel.name} are fit: {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
