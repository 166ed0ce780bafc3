"""An OpenSearch that runs ingest pipelines.

The distribution that the other tests use has neither processors nor scripts nor templates. They are
modules that Maven Central has as jars, without what makes a module of them: a descriptor and a
policy.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.needs import need
from tests.servers.engines.cache import cached
from tests.servers.engines.engine import Engine
from tests.servers.engines.node import Distribution, new_node
from tests.servers.engines.server import SearchServer
from tests.servers.opensearch import VERSION, distribution

_MODULES = {
    "lang-painless": ("org.opensearch.painless.PainlessPlugin", ""),
    "lang-mustache-client": ("org.opensearch.script.mustache.MustachePlugin", ""),
    "ingest-common": ("org.opensearch.ingest.common.IngestCommonPlugin", "lang-painless"),
}
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
_FETCH_S = 600
_DESCRIPTOR = """\
name={name}
description={name}
version={version}
opensearch.version={version}
java.version=11
classname={classname}
extended.plugins={extends}
custom.foldername=
has.native.controller=false
"""
# A script becomes a class at run time; a template looks into the document.
_POLICY = """\
grant {
  permission java.lang.RuntimePermission "createClassLoader";
  permission java.lang.RuntimePermission "getClassLoader";
  permission java.lang.RuntimePermission "accessDeclaredMembers";
  permission java.lang.reflect.ReflectPermission "suppressAccessChecks";
};
"""
_PROJECT = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tests</groupId><artifactId>modules</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>org.opensearch.plugin</groupId><artifactId>{name}</artifactId>
    <version>{version}</version>
  </dependency></dependencies>
</project>
"""


@contextmanager
def start_ingesting_opensearch() -> Iterator[SearchServer]:
    """The engine that `SFTSEC_TEST_OPENSEARCH_URL` names, or one of the caller's own."""
    if given := SearchServer.given("OPENSEARCH"):
        yield given
        return
    plain = distribution(security=False).home

    def assemble(home: Path) -> None:
        shutil.copytree(plain, home, dirs_exist_ok=True, symlinks=True)
        for name in _MODULES:
            _add(name, home)

    made_of = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    home = cached(f"opensearch-{VERSION}-ingest-{made_of}", assemble)
    with new_node(Distribution("opensearch", "OPENSEARCH", home)) as node:
        node.configure({})
        engine = Engine(f"http://127.0.0.1:{node.port}", node=node)
        engine.start()
        yield engine


def _add(name: str, home: Path) -> None:
    """Make a module of its jar and of what that needs and the engine has not."""
    module = home / "modules" / name
    module.mkdir()
    with TemporaryDirectory() as fetched:
        _fetch(name, Path(fetched))
        for jar in Path(fetched).glob("*.jar"):
            if not (home / "lib" / jar.name).exists():
                shutil.copy(jar, module)
    classname, extends = _MODULES[name]
    text = _DESCRIPTOR.format(name=name, version=VERSION, classname=classname, extends=extends)
    (module / "plugin-descriptor.properties").write_text(text)
    (module / "plugin-security.policy").write_text(_POLICY)


def _fetch(name: str, folder: Path) -> None:
    maven = need(shutil.which("mvn"), "install Maven (apt-get install maven): it fetches modules")
    project = folder / "pom.xml"
    project.write_text(_PROJECT.format(name=name, version=VERSION))
    command = [maven, "-q", "-B", "-Dstyle.color=never", "-f", str(project), _COPY]
    told = subprocess.run(
        [*command, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
        capture_output=True,
        text=True,
        timeout=_FETCH_S,
        check=False,
    )
    need(told.returncode == 0, f"Maven could not fetch {name}: {told.stdout[-500:]}")
