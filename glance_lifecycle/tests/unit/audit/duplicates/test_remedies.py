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

from collections.abc import Mapping

import testtools

from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.audit.duplicates import remedies
from glance_lifecycle.tests.unit.audit.duplicates import helpers

Location = helpers.Location
Remedy = remedies.Remedy


def fitting(*some: members.Member, used: Mapping[str, int] | None = None
            ) -> dict[str, list[Remedy]]:
    return remedies.of(helpers.group(*some), used, ('s1', 's2'))


class RemediesTest(testtools.TestCase):

    def test_share(self) -> None:
        """Where two lie in one store of files."""
        self.assertEqual({'a': [Remedy.SHARE], 'b': [Remedy.SHARE], 'c': []},
                         fitting(helpers.member('a'), helpers.member('b'),
                                 helpers.member('c', locations=(
                                     Location('s2'),))))
        ceph = [helpers.member(one, locations=(Location('ceph'),))
                for one in 'ab']
        self.assertEqual({'a': [], 'b': []}, fitting(*ceph))

    def test_drop_and_owners(self) -> None:
        found = fitting(
            helpers.member('a', locations=(Location('s1'), Location('x'))),
            helpers.member('b', project='p2', locations=(Location('y'),)))
        self.assertEqual({'a': [Remedy.DROP, Remedy.OWNERS],
                          'b': [Remedy.OWNERS]}, found)

    def test_hide(self) -> None:
        """Newer ones that nothing needs; nobody guesses what is needed."""
        some = [helpers.member(one, hidden=one == 'e', locations=(
            Location('x'),)) for one in 'abcdef']
        self.assertEqual(
            {'a': [], 'b': [], 'c': [], 'd': [Remedy.HIDE], 'e': [],
             'f': []},
            fitting(*some, used={'a': 1, 'b': 0, 'c': 2, 'd': 0, 'e': 0}))
        self.assertEqual([], [one for found in fitting(*some).values()
                              for one in found])

    def test_all_said(self) -> None:
        self.assertEqual(set(Remedy), set(remedies.SAID))
