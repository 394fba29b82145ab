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

"""A process that is asked, and answers in lines of JSON."""

from collections.abc import Mapping
import json
import pathlib
import subprocess
import sys
from typing import Any

import fixtures

from glance_lifecycle.tests.functional.fixtures import glance_conf


class Asked(fixtures.Fixture):
    """One module, run as a program.

    :param module: below this package
    :param conf: of the service, by section
    :param options: what it is told beside that
    """

    def __init__(self, module: str, conf: glance_conf.Sections,
                 options: Mapping[str, Any]) -> None:
        super().__init__()
        self._conf = conf
        self._module = 'glance_lifecycle.tests.nova.' + module
        self._options = options

    def _setUp(self) -> None:
        base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._log = base / 'log'
        glance_conf.write(base / 'conf', self._conf)
        with self._log.open('w') as log:
            self._child = subprocess.Popen(
                [sys.executable, '-m', self._module,
                 str(base / 'conf'), json.dumps(self._options)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True)
        self.addCleanup(self._end)

    def _end(self) -> None:
        self._child.kill()
        self._child.communicate()

    def ask(self, **question: Any) -> Any:
        """:raises RuntimeError: it has ended; the text is its log"""
        assert self._child.stdin and self._child.stdout
        try:
            self._child.stdin.write(json.dumps(question) + '\n')
            self._child.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError(self._log.read_text()[-5000:])
        return json.loads(answer)
