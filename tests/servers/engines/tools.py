"""What the engines need of the machine: a JDK, OpenSSL and setpriv."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.needs import need

# The engines are built for 17; OpenSearch 2 needs the security manager, which Java 24 dropped.
_OLDEST, _NEWEST = 17, 23
_HOW = (
    f"install a JDK, {_OLDEST} to {_NEWEST} (apt-get install default-jdk-headless), "
    "or set JAVA_HOME to one"
)


def need_tools() -> None:
    """Skip the test, or fail it in CI, where the engines cannot run."""
    java_home()
    need(shutil.which("setpriv"), "install setpriv (apt-get install util-linux)")
    need(shutil.which("openssl"), "install OpenSSL (apt-get install openssl)")


@cache
def java_home() -> Path:
    """The folder of a JDK that the engines run on: `JAVA_HOME`, or the one on the path."""
    given = os.environ.get("JAVA_HOME")
    on_path = shutil.which("javac")
    compiler = Path(given) / "bin" / "javac" if given else Path(on_path or "").resolve()
    need(compiler.is_file(), _HOW)
    told = subprocess.run([str(compiler), "-version"], capture_output=True, text=True, check=False)
    version = re.search(r"javac (\d+)", told.stdout)
    fits = version is not None and _OLDEST <= int(version[1]) <= _NEWEST
    need(fits, f"{_HOW}; {compiler} is {told.stdout.strip() or 'none'}")
    return compiler.parent.parent


def compile_jar(source: Path, libraries: Path, jar: Path) -> None:
    """Compile one source file against a folder of jars, into a jar."""
    classes = jar.with_suffix("")
    against = ["--release", "17", "-proc:none", "-cp", f"{libraries}/*"]
    _run("javac", *against, "-d", str(classes), str(source))
    _run("jar", "cf", str(jar), "-C", str(classes), ".")
    shutil.rmtree(classes)


def _run(tool: str, *arguments: str) -> None:
    command = [str(java_home() / "bin" / tool), *arguments]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        pytest.fail(f"{tool} failed:\n{told.stderr}", pytrace=False)
