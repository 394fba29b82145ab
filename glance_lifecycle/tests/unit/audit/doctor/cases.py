# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Hosts whose configuration is a few lines."""

from collections.abc import Mapping
import json
import pathlib
import tempfile
import unittest

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import facts
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live
from glance_lifecycle.audit.doctor import options
from glance_lifecycle.audit import finding

# Directories of one host, not hosts.
BESIDE = ('nova', 'cinder', 'etc', 'lib', 'usr', 'sos_commands')

LIVE = 'live.json'
HERE = 'this-host.json'


def live_of(files: Mapping[str, str]) -> live.Live | None:
    """What the running services of an example say."""
    return live.read(json.loads(files[LIVE])) if LIVE in files else None


def here_of(files: Mapping[str, str], directory: pathlib.Path) -> facts.Told:
    """What is so on the host of an example, whose files are there."""
    return facts.Told(json.loads(files[HERE].replace(
        '{directory}', str(directory / 'etc/glance'))))


class DoctorTestCase(unittest.TestCase):

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.work = pathlib.Path(directory.name)
        self._written = 0
        # Where the files of the last hosts are.
        self.paths: dict[str, pathlib.Path] = {}

    def written(self, files: Mapping[str, str | bytes]
                ) -> list[tuple[str, pathlib.Path]]:
        """Name and directory of the hosts of these files.

        A file is of ``HOST/file``, or of the only host.
        """
        top = self.work / str(self._written)
        self._written += 1
        names: list[str] = []
        for path, text in files.items():
            # What the services say, see live_of().
            if path in (LIVE, HERE):
                names = names or ['api']
                (top / names[0]).mkdir(parents=True, exist_ok=True)
                continue
            given = path
            name, slash, _ = path.partition('/')
            if not slash or name.endswith('.d') or name in BESIDE:
                name, path = 'api', 'api/' + path
            if name not in names:
                names.append(name)
            where = self.paths[given] = top / path
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_bytes(text if isinstance(text, bytes)
                              else text.encode('utf-8', 'surrogatepass'))
        for name in names:
            if not (top / name / 'etc/glance/glance-api.conf').exists():
                (top / name / 'glance-api.conf').touch()
        return [(name, top / name) for name in names]

    def gathered(self, files: Mapping[str, str], release: int = options.NEWEST
                 ) -> list[hosts.Host]:
        """The hosts of these files."""
        found = self.written(files)
        return examination.gathered(
            found, release, local=False,
            here=here_of(files, found[0][1]) if HERE in files else None)

    def host(self, text: str, release: int = options.NEWEST) -> hosts.Host:
        return self.gathered({'glance-api.conf': text}, release)[0]

    def examined(self, files: Mapping[str, str],
                 release: int = options.NEWEST) -> list[finding.Finding]:
        return list(examination.examine(
            self.gathered(files, release), check.load_all(),
            live_of(files)).findings)

    def codes(self, files: Mapping[str, str], *severities: finding.Severity
              ) -> list[str]:
        """Codes of what is found, of these severities or all."""
        return [one.code for one in self.examined(files)
                if one.severity in (severities or tuple(finding.Severity))]
