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

"""A state directory with journals."""

import pathlib
import tempfile
import unittest

from glance_lifecycle.transfer import journal_record
from glance_lifecycle.transfer import journals


class JournalTestCase(unittest.TestCase):

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.state = directory.name

    def path(self, task: str = 'task') -> pathlib.Path:
        return pathlib.Path(self.state, 'transfers', task + '.json')

    def abandoned(self) -> list[journal_record.Record]:
        found = []
        for dead in journals.abandoned(self.state):
            found.append(dead.record)
            dead.close()
        return found
