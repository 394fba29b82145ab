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

"""What is not known is never "none"."""

from collections.abc import Iterator
import unittest

from glance_lifecycle.dependents import base
from glance_lifecycle.dependents import null

SERVER = '0f8c7f5e-4b0a-4a68-a7c2-bc4e1c4e2a11'


class Breaks(base.Provider):

    name = 'breaks'

    def __init__(self, after: int) -> None:
        super().__init__(None, base.Settings())
        self.after = after

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        for number in range(self.after):
            yield base.Dependent('thing', str(number))
        raise base.NotAsked(detail='it broke')


class AnswerTest(unittest.TestCase):

    def test_none(self) -> None:
        answer = null.NullProvider(None, base.Settings()).ask(
            base.Image('i'))
        self.assertEqual((True, '', []), (
            answer.asked, answer.reason, [*answer.dependents]))

    def test_not_asked(self) -> None:
        answer = Breaks(0).ask(base.Image('i'))
        self.assertEqual((False, 'it broke'), (answer.asked, answer.reason))

    def test_breaks_later(self) -> None:
        answer = Breaks(2).ask(base.Image('i'))
        self.assertTrue(answer.asked)
        with self.assertRaises(base.NotAsked):
            list(answer.dependents)

    def test_used_is_not_guessed(self) -> None:
        with self.assertRaises(base.NotAsked):
            Breaks(0).used()


class ShelvedTest(unittest.TestCase):

    def test_shelved(self) -> None:
        for name, server, expected in (
                ('vm-shelved', SERVER, SERVER),
                ('vm', SERVER, None),
                ('vm-shelved', '../os-hypervisors', None),
                ('vm-shelved', None, None)):
            properties = {'instance_uuid': server} if server else {}
            self.assertEqual(expected, base.Image(
                'i', name, properties=properties).shelved_server)
