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

import testtools

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.audit.duplicates import reading
from glance_lifecycle.tests.unit.audit.duplicates import helpers


def candidate(name: str, algorithm: str = '', digest: str = '',
              images: str = '') -> grouping.Candidate:
    return grouping.Candidate(name, algorithm, digest,
                              tuple(images or name))


class Disk:
    """Digests by the names of images; nothing where there is no name."""

    def __init__(self, **digests: str) -> None:
        self._digests = digests
        self.read: list[tuple[str, str]] = []

    def __call__(self, image_id: str, algorithm: str) -> str:
        self.read.append((image_id, algorithm))
        return self._digests.get(image_id, '')


class ReadingTest(testtools.TestCase):

    def test_each_once(self) -> None:
        disk = Disk(b='01', c='02', d='02')
        found = reading.same([
            candidate('a', 'sha512', '01'), candidate('b', 'sha256', 'xx'),
            candidate('c'), candidate('d')], disk)
        self.assertEqual([['a', 'b'], ['c', 'd']], found)
        self.assertEqual([(one, 'sha512') for one in 'bcd'], disk.read)

    def test_fewest(self) -> None:
        """By the algorithm that most of them have, if it is a strong one."""
        disk = Disk(c='02')
        some = [candidate('a', 'sha256', '01'), candidate(
            'b', 'sha256', '02'), candidate('c')]
        self.assertEqual([['b', 'c']], reading.same(some, disk))
        self.assertEqual([('c', 'sha256')], disk.read)
        disk = Disk(a='01', b='01', c='01')
        self.assertEqual([['a', 'b', 'c']], reading.same([
            candidate('a', 'md5', 'x'), candidate('b', 'md5', 'y'),
            candidate('c')], disk))
        self.assertEqual({'sha512'}, {one for _id, one in disk.read})

    def test_not_read(self) -> None:
        """Nobody knows what it is like; another image may have its bytes."""
        disk = Disk(y='01', b='01')
        self.assertEqual([['a', 'b']], reading.same([
            candidate('a', images='xyz'), candidate('b'), candidate('c'),
            candidate('d')], disk))
        self.assertEqual(['x', 'y', 'b', 'c', 'd'],
                         [one for one, _algorithm in disk.read])

    def test_total(self) -> None:
        """The bytes of what has to be read, each content once."""
        found = grouping.Grouping(deep=True)
        self.addCleanup(found.close)
        for image in (
                helpers.Image('a', '01', size=1000),
                helpers.Image('b', '02', 'sha256', size=1000),
                helpers.Image('c', '02', 'sha256', size=1000),
                helpers.unhashed('d', size=1000),
                helpers.unhashed('e', size=30), helpers.unhashed(
                    'f', size=30), helpers.unhashed('g', size=5)):
            member = members.of(image)
            assert member is not None  # noqa: S101 - for mypy
            found.add(image, member, '')
        self.assertEqual(2 * 1000 + 2 * 30, reading.total(found))
        disk = Disk()
        reading.joined(found, disk)
        self.assertEqual(['b', 'c', 'd', 'e', 'f'],
                         sorted(one for one, _algorithm in disk.read))
