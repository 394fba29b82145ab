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

"""Images of the Image API, as the document has them."""

import datetime
from typing import Any
import unittest

from glance_lifecycle.audit.cloud import images

GIB = 1024 ** 3
FSID = '4d6c0b1e-0000-4000-8000-0000000000a1'
STORES = {'ceph': FSID, 'files': ''}
RBD = f'rbd://{FSID}/images/i/snap'


def image(**more: Any) -> dict[str, Any]:
    return {'id': 'i', 'name': 'one', 'status': 'active', 'size': 5,
            'disk_format': 'raw', 'stores': 'ceph', 'virtual_size': None,
            **more}


class ImagesTest(unittest.TestCase):

    def setUp(self) -> None:
        self.notes: list[str] = []

    def found(self, *found: dict[str, Any], stores: dict[str, str] = STORES
              ) -> images.Catalogue:
        return images.collect(found, stores, self.notes.append)

    def test_item(self) -> None:
        found = self.found(image(stores='files,ceph'))
        self.assertEqual([{
            'name': 'one', 'disk_format': 'raw',
            'size': {'value': 5, 'from': 'read'},
            'copies': ['files', 'ceph']}], found.items)
        self.assertEqual({'i': 'one'}, found.names)
        self.assertEqual({'files': 5, 'ceph': 5}, found.held)
        self.assertEqual([], self.notes)

    def test_grown(self) -> None:
        """By what came in since, whatever Glance calls it."""
        found = images.collect(
            [image(created_at=when) for when in (
                '2026-11-01T00:00:00Z', '2026-10-31T23:59:59Z', None)]
            + [image(created_at='2026-11-02T00:00:00Z', stores='files')],
            STORES, self.notes.append,
            datetime.datetime(2026, 10, 31, 23, 59, 59, tzinfo=datetime.UTC))
        self.assertEqual({'ceph': 5, 'files': 5}, found.grown)
        self.assertEqual({}, self.found(image(
            created_at='2026-11-01T00:00:00Z')).grown)

    def test_left_out(self) -> None:
        """Those without bytes by their nature, the others with a note."""
        found = self.found(
            image(status='queued', size=None), image(size=None),
            image(size=-1), image(size=True), image(size=2 ** 63),
            image(disk_format='docker'), image(disk_format=None),
            image(stores='gone'), image(stores=None))
        self.assertEqual([], found.items)
        self.assertEqual([
            '4 images are left out: Glance does not say how large they are.',
            '2 images are left out: their disk_format is none that is known '
            'of disks.',
            '2 images are left out: they are in no store that Glance has '
            'now.'], self.notes)

    def test_virtual_size(self) -> None:
        """Read, or else assumed of what the image needs; of raw it is its
        size, whatever Glance says.
        """
        for more, expected in (
                ({'virtual_size': 9}, (9, 'read')),
                ({'min_disk': 2}, (2 * GIB, 'assumed')),
                ({'min_disk': 0}, (5, 'assumed')),
                ({'min_disk': 2 ** 40}, (2 ** 20 * GIB, 'assumed')),
                ({'min_disk': 2 ** 70}, (5, 'assumed'))):
            item, = self.found(image(disk_format='qcow2', **more)).items
            self.assertEqual(expected, (*item['virtual_size'].values(),))
        self.assertIn('of 1 images', self.notes[0])
        self.assertNotIn('virtual_size', self.found(
            image(virtual_size=9)).items[0])

    def test_names(self) -> None:
        """By the id too where there are several, whatever others are called.
        """
        found = self.found(
            image(id='a', name='x'), image(id='b', name='x'),
            image(id='c', name='x (a)'), image(id='d', name=None),
            image(id='e', name='\x1b[2J\udcff'), image(id='f', name='n' * 300))
        names = [item['name'] for item in found.items]
        self.assertEqual([
            "x (a)'", 'x (b)', 'x (a)', 'd', '\\x1b[2J?', 'n' * 255], names)
        self.assertEqual(dict(zip('abcdef', names, strict=True)), found.names)
        # What a policy has to match, where that is something else.
        self.assertEqual(['x', 'x', None, '', '', ''], [
            item.get('glance_name') for item in found.items])

    def test_promised(self) -> None:
        """What is protected stays as fast as it is; who owns it is told."""
        found = self.found(
            image(protected=True, owner='p' * 32),
            image(id='b', name='b', protected=False, owner=None),
            image(id='c', name='c', protected='true', owner='a\x1b'))
        self.assertEqual([('p' * 32, True), (None, None), (None, None)], [
            (item.get('project'), item.get('golden'))
            for item in found.items])

    def test_boots_not_known(self) -> None:
        """Of what is new since, and of all if too short a time was seen."""
        for covered, expected in (
                (True, [None, 'unknown', 'unknown', None]),
                (False, ['unknown', 'unknown', 'unknown', None])):
            self.notes = []
            found = images.collect(
                [image(id=name, name=name, created_at=when)
                 for name, when in (
                     ('a', '2026-10-31T23:59:59Z'),
                     ('b', '2026-11-01T00:00:00Z'), ('c', None),
                     ('d', '2026-11-01T00:00:00Z'))], STORES,
                self.notes.append, datetime.datetime(
                    2026, 10, 31, 23, 59, 59, tzinfo=datetime.UTC))
            found.items[3]['boots_per_week'] = {'main': 1}
            images.unknown_boots(found, covered, self.notes.append)
            self.assertEqual(expected, [item.get('last_boot')
                                        for item in found.items])
            note, = self.notes
            self.assertIn('Of %d images no boot was seen'
                          % expected.count('unknown'), note)
            self.assertIn('--weeks 13', note)

    def test_locations(self) -> None:
        """What they show of stores; only what is odd in Ceph is kept."""
        found = self.found(
            image(direct_url=RBD),
            image(id='j', name='two', stores='ceph,files', locations=[
                {'url': 'rbd://other/images/j/snap',
                 'metadata': {'store': 'ceph'}},
                {'url': 'file:///secret', 'metadata': {'store': 'files'}},
                'no location', {'metadata': None}]))
        self.assertEqual({'direct_url', 'locations'}, found.shown)
        self.assertEqual(FSID, found.fsid('ceph'))
        self.assertEqual('', found.fsid('files'))
        self.assertEqual(
            [['ceph'], [{'store': 'ceph', 'location':
                         'rbd://other/images/j/snap'}, 'files']],
            [item['copies'] for item in found.items])
        self.assertNotIn('secret', str(found.items))

    def test_no_names(self) -> None:
        """A Glance without multi-store has one store."""
        found = self.found(image(stores=None, direct_url='file:///x'),
                           stores={})
        self.assertEqual(['default'], found.items[0]['copies'])
        self.assertEqual({'file': 1}, found.schemes['default'])
