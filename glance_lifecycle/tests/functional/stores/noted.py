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

"""What sinks put on record, kept as a journal would."""

import json
from typing import Any
import unittest

from glance_lifecycle.transfer import sink as sinks

# Part of every password and key of the services of these tests.
SECRET = 'secret'


class Noted(unittest.TestCase):
    """A test that keeps the marks of its sinks.

    :ivar created: those of all its transfers, oldest first
    """

    def setUp(self) -> None:
        self.created: list[sinks.Mark] = []
        super().setUp()

    def noting(self, sink: sinks.Sink) -> Any:
        """The sink, to be aborted in the end."""
        sink.note = self.note
        self.addCleanup(sink.abort)
        return sink

    def note(self, _store: str, mark: sinks.Mark) -> None:
        text = json.dumps(mark)
        self.assertNotIn(SECRET, text)
        self.created.append(json.loads(text))
