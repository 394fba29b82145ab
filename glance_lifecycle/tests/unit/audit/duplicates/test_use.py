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

from collections.abc import Iterator

import testtools

from glance_lifecycle.audit.duplicates import use
from glance_lifecycle.dependents import base
from glance_lifecycle.tests.unit.audit.duplicates import helpers

SERVER = '0f0e0d0c-0b0a-4908-8706-050403020100'


class Provider(base.Provider):

    name = 'servers'

    def __init__(self, *used: str, fails: bool = False) -> None:
        super().__init__(None, base.Settings())
        self._used = used
        self._fails = fails

    def dependents(self, image: base.Image) -> Iterator[base.Dependent]:
        raise NotImplementedError

    def used(self) -> Iterator[str]:
        yield from self._used
        if self._fails:
            raise base.NotAsked(detail='it went down')


class UseTest(testtools.TestCase):

    def test_counted(self) -> None:
        some = [helpers.member(one) for one in 'ab'] + [helpers.member(
            'c', name='vm-shelved', server=SERVER), helpers.member(
                'd', name='vm', server=SERVER)]
        self.assertEqual(
            {'a': 2, 'b': 0, 'c': 1, 'd': 0},
            use.counted(Provider('a', 'z', 'a', SERVER), some))

    def test_not_told(self) -> None:
        """A part of the answer is none."""
        self.assertRaises(base.NotAsked, use.counted,
                          Provider('a', fails=True), [helpers.member('a')])
