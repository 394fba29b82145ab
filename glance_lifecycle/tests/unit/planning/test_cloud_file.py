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

"""A cloud on paper is read, or it is said which key is wrong, and how."""

import json
import unittest

import yaml

from glance_lifecycle.planning import cloud_file
from glance_lifecycle.planning import copy_on_write
from glance_lifecycle.planning.known import Known
from glance_lifecycle.planning.known import Source
from glance_lifecycle.tests.unit.planning import paper

GIB = 1024 ** 3


class CloudFileTest(unittest.TestCase):

    def test_example(self) -> None:
        """The documented one says all there is to say."""
        cloud = cloud_file.load(paper.EXAMPLE.read_bytes())
        ceph, archive = cloud.stores
        self.assertEqual(Known(610 * 1024 ** 2, Source.MEASURED),
                         ceph.read_per_second)
        self.assertEqual(Known(0.03, Source.GIVEN), ceph.cost)
        self.assertEqual(Known(True, Source.GIVEN), ceph.thin)
        self.assertEqual(Known(False, Source.ASSUMED), archive.thin)
        self.assertEqual(Known(1, Source.ASSUMED), archive.factor)
        self.assertEqual(archive, cloud.default_store)
        self.assertEqual('EUR', cloud.currency)
        ubuntu, windows, old = cloud.images
        self.assertEqual(450, ubuntu.used)
        self.assertEqual(Source.READ, windows.boots['main'].source)
        self.assertEqual([ceph, archive], [
            one.store for one in windows.copies])
        # Of qcow2, what the file takes; of compressed, by the ratio.
        self.assertEqual(Known(800 * 1024 ** 2, Source.ASSUMED),
                         old.data_size)

    def test_json(self) -> None:
        text = paper.text('ceph')
        self.assertEqual(cloud_file.load(text.encode()), cloud_file.load(
            json.dumps(yaml.safe_load(text), indent=1).encode()))

    def test_last_boot(self) -> None:
        """If nobody knows, it may be now; if nothing is said, none is."""
        for text, expected in (('2 days', 2 * 86400), ('unknown', 0),
                               (None, None)):
            value = yaml.safe_load(paper.text('ceph'))
            if text:
                value['images'][1]['last_boot'] = text
            for data in (json.dumps(value), yaml.safe_dump(value)):
                self.assertEqual(expected, cloud_file.load(
                    data.encode()).images[1].last_boot)

    def test_large_letters(self) -> None:
        """A cluster is the same in whichever it is written."""
        def cloned(fsid: str, location: str) -> bool:
            value = yaml.safe_load(paper.text('hidden'))
            value['glance']['show_image_direct_url'] = True
            for one in (*value['stores'], *value['compute_groups']):
                one['fsid'] = fsid
            value['images'][0]['copies'] = [
                {'store': 'ceph', 'location': location}]
            cloud = cloud_file.load(json.dumps(value).encode())
            image, = cloud.images
            return copy_on_write.failed(
                'raw', image.copies[0], cloud.consumers[0], True) is None
        self.assertTrue(cloned('A1', 'rbd://A1/images/id/snap'))
        self.assertTrue(cloned('A1', 'rbd://a1/images/id/snap'))
        # As Nova compares them.
        self.assertFalse(cloned('a1', 'rbd://A1/images/id/snap'))
        self.assertFalse(cloned('A1', 'rbd://A1/images/id'))

    def test_bytes(self) -> None:
        """A size without a unit is in bytes; data are assumed of the size."""
        cloud = paper.cloud('ceph', ('size: 1 GiB', 'size: 1073741824'),
                            ('    data_size: 2 GiB\n', ''))
        self.assertEqual(GIB, cloud.images[0].size.value)
        self.assertEqual(Known(2 * GIB, Source.ASSUMED),
                         cloud.images[0].data_size)

    def test_raw_is_all_data(self) -> None:
        cloud = paper.cloud('hidden', ('    data_size: 2 GiB\n', ''))
        self.assertEqual(Known(10 * GIB, Source.ASSUMED),
                         cloud.images[0].data_size)

    def test_wrong(self) -> None:
        for old, new, said in (
                ('fsid: a1, cost', 'cost',
                 'stores[ceph]: there must be fsid here: a store of kind '
                 'rbd is in a cluster of Ceph'),
                ('kind: s3', 'kind: s3, fsid: a1', 'stores[objects].fsid: '
                 'only a store of kind rbd has a cluster of Ceph'),
                ('kind: s3', 'kind: S3', 'stores[objects].kind: S3 is not '
                 'one of rbd, file, s3, swift, other'),
                ('cost_per_gib_month: 0.02', 'cost_per_gib_moth: 0.02',
                 'the key cost_per_gib_moth is not known here: did you mean '
                 'cost_per_gib_month?'),
                (', cost_per_gib_month: 0.02', '',
                 'stores[ceph]: there must be cost_per_gib_month here'),
                ('cost_per_gib_month: 0.02', 'cost_per_gib_month: cheap',
                 'cheap is not a price, such as 0.02'),
                ('cost_per_gib_month: 0.02',
                 'cost_per_gib_month: {value: 0.02, from: heard}',
                 'heard is not one of measured, read, given, assumed'),
                ('factor: 3', 'factor: 0', 'stores[ceph].factor: 0 is not a '
                 'number, 1 or more'),
                ('free: 5 TiB', 'free: 5 TB', 'TB is not a unit of sizes'),
                ('free: 5 TiB', 'free: 11 TiB', 'stores[ceph].free: more is '
                 'free than the capacity'),
                ('weight: 10', 'read_per_second: 0 MiB',
                 'nothing would ever be ready'),
                ('weight: 10', 'read_per_second: 0',
                 '0 is not a size such as 400 MiB'),
                ('default_store: objects', 'default_store: object',
                 'glance.default_store: there is no store object; there are '
                 'ceph, objects'),
                ('images_type: rbd, fsid: a1', 'images_type: rbd',
                 'compute_groups[main]: there must be fsid here'),
                ('images_type: rbd', 'images_type: qcow2',
                 'only images_type rbd has a cluster'),
                ('hosts: 50', 'hosts: 50, copies_into: fast',
                 'compute_groups[main].copies_into: there is no store fast'),
                ('hosts: 50', 'hosts: 50, cannot_open: [fast]',
                 'there is no store fast'),
                ('{main: 400}', '{man: 400}', 'images[ubuntu].boots_per_week'
                 ': there is no man in compute_groups'),
                ('{volumes: 100}', '{volumes: -1}',
                 '-1 is not a number: it must be 0 or more'),
                ('{volumes: 100}', '{volumes: .nan}', '.nan is not a plain '
                 'decimal number such as 0.5: it must be 0 or more'),
                ('data_size: 2 GiB', 'data_size: -1', '-1 is not a size such '
                 'as 10 GiB, or bytes: it must be 0 or more'),
                ('copies: [objects]', 'copies: [objects, objects]',
                 'this store is named twice'),
                ('copies: [objects]', 'copies: []', 'it is empty: there must '
                 'be one at least'),
                ('copies: [objects]', 'copies: [{store: tape}]',
                 'there is no store tape'),
                ('name: old', 'name: ubuntu',
                 'the name ubuntu is here twice, first in line'),
                ('    virtual_size: 20 GiB\n', '', 'images[old]: there must '
                 'be virtual_size here'),
                ('data_size: 2 GiB', 'data_size: 11 GiB',
                 'images[ubuntu].data_size: there are more data than'),
                ('    compressed: true\n    size: 1',
                 '    compressed: true\n    size: .1', 'images[ubuntu].size'),
                ('version: 1', 'version: 2', 'version: 2 is not 1'),
                ('name: ubuntu', 'name: "a\\x1bb"', 'is not a name')):
            with self.subTest(new=new):
                with self.assertRaises(cloud_file.CloudError) as caught:
                    paper.cloud('ceph', (old, new))
                self.assertIn(said, str(caught.exception))
                self.assertRegex(str(caught.exception), r'line \d+')

    def test_below_nothing(self) -> None:
        """Where it means something."""
        cloud = paper.cloud('ceph', ('weight: 10', 'weight: -10'), (
            'currency: EUR', 'caches: {manager_interval: -1}'))
        self.assertEqual((-10, -1), (
            cloud.stores[0].weight, cloud.caches.manager_interval.value))

    def test_raw_has_its_size(self) -> None:
        for old, new, said in (
                ('size: 10 GiB', 'size: 10 GiB\n    virtual_size: 11 GiB',
                 'that of a raw image is its size'),
                ('size: 10 GiB', 'size: 10 GiB\n    compressed: true',
                 'only qcow2 is compressed')):
            with self.assertRaisesRegex(cloud_file.CloudError, said):
                paper.cloud('hidden', (old, new))

    def test_all_is_said(self) -> None:
        """Up to ten, and how many more."""
        broken = 'version: 1\nglance: {default_store: a}\nimages: []\n' + (
            'stores:\n' + '  - {kind: tape}\n' * 12)
        with self.assertRaises(cloud_file.CloudError) as caught:
            cloud_file.load(broken.encode())
        self.assertGreater(len(caught.exception.problems), 20)
        self.assertRegex(str(caught.exception), r'; and \d+ more\.$')

    def test_once(self) -> None:
        """All that is missing in one place is said once."""
        with self.assertRaises(cloud_file.CloudError) as caught:
            cloud_file.load(b'version: 1')
        self.assertEqual(
            'The cloud on paper cannot be used: line 1, column 1: there must '
            'be glance and stores and images here.', str(caught.exception))

    def test_hostile(self) -> None:
        for data in (b'', b'\xff', b'[]', b'a: &a [*a]', b'{' * 100,
                     b'version: 1\nversion: 1', b'[1.5e400]', b'7'):
            with self.assertRaises(cloud_file.CloudError):
                cloud_file.load(data)
        with self.assertRaisesRegex(cloud_file.CloudError, 'at most'):
            cloud_file.load(b' ' * (cloud_file.LIMITS.size + 1))
