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

import dataclasses
import json
import os
import subprocess
import sys
import unittest

from glance_lifecycle.transfer.backends.rbd import unfinished


class ProcessTest(unittest.TestCase):

    def process(self, **other: object) -> unfinished.Process:
        current = unfinished.Process.current(17, '127.0.0.1:0/4')
        return dataclasses.replace(current, **other)  # type: ignore

    def test_ourselves(self) -> None:
        self.assertIs(False, self.process().is_dead())

    def test_dead(self) -> None:
        child = subprocess.Popen([sys.executable, '-c', ''])
        # A zombie until we ask for its status.
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        self.assertIs(True, self.process(pid=child.pid).is_dead())
        child.wait()
        self.assertIs(True, self.process(pid=child.pid).is_dead())

    def test_another_with_its_number(self) -> None:
        self.assertIs(True, self.process(born='1').is_dead())

    def test_elsewhere(self) -> None:
        """Another host, another boot, another container: who knows."""
        for other in ({'boot': 'x'}, {'namespace': 'pid:[1]'}):
            self.assertIsNone(self.process(pid=1 << 22, **other).is_dead())

    def test_json(self) -> None:
        process = self.process()
        text = json.dumps(dataclasses.asdict(process))
        self.assertEqual(process,
                         unfinished.Process.from_json(text))

    def test_json_of_earlier_releases(self) -> None:
        fields = dataclasses.asdict(self.process())
        del fields['address']
        self.assertEqual(self.process(address=''),
                         unfinished.Process.from_json(json.dumps(fields)))

    def test_damaged_json(self) -> None:
        fields = dataclasses.asdict(self.process())
        for text in ('', '[]', '7', '{}', '{"client": 1', 'null',
                     json.dumps({**fields, 'pid': '1'}),
                     json.dumps({**fields, 'client': True}),
                     json.dumps({**fields, 'more': 1})):
            self.assertIsNone(unfinished.Process.from_json(text), text)
