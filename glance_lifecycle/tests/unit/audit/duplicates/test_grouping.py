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

import collections
import uuid

import hypothesis
from hypothesis import strategies
import testtools

from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.tests.unit.audit.duplicates import helpers

Image = helpers.Image
Why = grouping.Why

# A few digests, sizes, and algorithms: many are the same.
_IMAGES = strategies.lists(strategies.tuples(
    strategies.integers(0, 3), strategies.sampled_from(('sha512', '')),
    strategies.integers(1, 2)), max_size=40)


class GroupingTest(testtools.TestCase):

    def made(self, *images: Image, sources: tuple[str, ...] = (),
             deep: bool = False, held: int = 10 ** 6) -> grouping.Grouping:
        found = grouping.Grouping(deep, held)
        self.addCleanup(found.close)
        for number, image in enumerate(images):
            member = members.of(image)
            assert member is not None  # noqa: S101 - for mypy
            found.add(image, member, sources[number] if sources else '')
        return found

    def ids(self, found: grouping.Grouping) -> list[str]:
        return [''.join(one.id for one in group.members)
                for group in found.groups()]

    def test_by_hash(self) -> None:
        found = self.made(
            Image('c', created=2.0), Image('a', created=3.0),
            Image('b', 'cd'), Image('d', created=1.0))
        group, = found.groups()
        self.assertEqual('dca', ''.join(one.id for one in group.members))
        self.assertEqual((200, 1, (Why.HASH,)),
                         (group.back, group.projects, group.why))
        # Its name does not change with who else has these bytes.
        again, = self.made(Image('x'), Image('y')).groups()
        self.assertEqual(group.name, again.name)

    def test_most_bytes_first(self) -> None:
        found = self.made(
            Image('a', '01'), Image('b', '01'),
            Image('c', '02', size=10 ** 12), Image('d', '02', size=10 ** 12),
            Image('e', '03', size=2000), Image('f', '03', size=2000))
        self.assertEqual(['cd', 'ef', 'ab'], self.ids(found))

    @hypothesis.settings(max_examples=50)
    @hypothesis.given(_IMAGES, strategies.sampled_from((300, 10 ** 6)))
    def test_any(self, some: list[tuple[int, str, int]], held: int) -> None:
        """Each in the group of its bytes, and in no other."""
        images = [Image(str(uuid.uuid4()), '%d' % digest if algorithm else '',
                        algorithm, size)
                  for digest, algorithm, size in some]
        expected = collections.defaultdict(set)
        for image in images:
            if image.digest:
                expected[image.digest, image.size].add(image.id)
        found = self.made(*images, held=held)
        self.assertEqual(
            sorted(map(sorted, (
                one for one in expected.values() if len(one) > 1))),
            sorted(sorted(one.id for one in group.members)
                   for group in found.groups()))

    def test_by_source(self) -> None:
        found = self.made(
            Image('a', '01'), Image('b', '02', 'sha256'), Image('c', '03'),
            Image('d', '01'), sources=('up', 'up', 'other', ''))
        found.join_sources()
        group, = found.groups()
        self.assertEqual('abd', ''.join(one.id for one in group.members))
        self.assertEqual((Why.HASH, Why.SOURCE), group.why)

    def test_source_of_what_differs(self) -> None:
        """Two hashes of one kind say that it is not the same."""
        found = self.made(
            Image('a', '01'), Image('b', '02', 'sha256'), Image('c', '03'),
            sources=('up', 'up', 'up'))
        found.join_sources()
        self.assertEqual([], self.ids(found))
        self.assertEqual(1, found.contradictory)

    def test_candidates(self) -> None:
        found = self.made(
            # Their hashes tell.
            Image('a', '01', size=1), Image('b', '02', size=1),
            # Nothing tells.
            Image('c', '01', size=2), Image('d', '02', 'sha256', size=2),
            helpers.unhashed('e', size=3), helpers.unhashed('f', size=3),
            # Alone, or not raw.
            helpers.unhashed('g', size=4), Image('h', size=5),
            Image('i', '05', 'sha256', size=5, disk_format='qcow2'),
            *(Image('j%d' % number, '07', size=2) for number in range(5)),
            deep=True)
        self.assertEqual(
            [['c', 'd', 'j0j1j2'], ['e', 'f']],
            [sorted(''.join(one.image_ids) for one in some)
             for some in found.candidates()])
        contents = [[one.content for one in some]
                    for some in found.candidates()]
        found.join(contents[1])
        groups = list(found.groups())
        self.assertEqual([(Why.HASH,), (Why.CONTENT,)],
                         [one.why for one in groups])
        self.assertEqual(['e', 'f'], [one.id for one in groups[1].members])
