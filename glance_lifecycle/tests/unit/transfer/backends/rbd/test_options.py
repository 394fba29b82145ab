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

"""What the sink makes of the driver's options; no cluster is asked."""

import json
import sys
from typing import Any
from unittest import mock

from glance_store._drivers import rbd as rbd_driver

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.rbd import options
from glance_lifecycle.transfer.backends.rbd import sink


def found(**modules: Any) -> Any:
    """As if Ceph's bindings were installed, or not (None)."""
    fakes = {name: mock.Mock(__spec__=mock.Mock())
             for name in ('rados', 'rbd')}
    return mock.patch.dict(sys.modules, {**fakes, **modules})


class DescribeTest(helpers.TempDirTestCase):

    def describe(self, section: str = '', shared: str = '', /,
                 **modules: Any) -> dict[str, Any]:
        conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = one:rbd\n[one]\n%s\n'
            '[backend_defaults]\n%s\n' % (section, shared), self.path)
        with found(**modules):
            described = sink.RbdSink.describe(conf, 'one')
        self.assertEqual(described, json.loads(json.dumps(described)))
        return described

    def test_defaults(self) -> None:
        self.assertEqual(
            {'pool': 'images', 'user': '', 'conf_file': '', 'order': 23,
             'timeout': -1}, self.describe())

    def test_all(self) -> None:
        self.assertEqual(
            {'pool': 'p', 'user': 'u', 'conf_file': '/c', 'order': 22,
             'timeout': 7},
            self.describe('rbd_store_pool = p\nrbd_store_chunk_size = 4\n'
                          'rados_connect_timeout = 7',
                          'rbd_store_user = u\nrbd_store_ceph_conf = /c\n'
                          'rbd_store_pool = not this one'))

    def test_order(self) -> None:
        for size, order in ((1, 20), (2, 21), (3, 21), (5, 22), (8, 23),
                            (32, 25), (63, 25)):
            self.assertEqual(order, self.describe(
                'rbd_store_chunk_size = %d' % size)['order'])

    def test_refused(self) -> None:
        for section, text in (
                ('rbd_store_chunk_size = 64', 'rbd_store_chunk_size'),
                ('rbd_store_pool =', 'rbd_store_pool')):
            with self.subTest(section):
                with self.assertRaisesRegex(exceptions.ConfigurationError,
                                            'store one: .*' + text):
                    self.describe(section)

    def test_missing_bindings(self) -> None:
        for module in ('rados', 'rbd'):
            with self.subTest(module):
                with self.assertRaisesRegex(exceptions.ConfigurationError,
                                            'python3-%s ' % module):
                    self.describe(**{module: None})
                with found(**{module: None}), self.assertRaisesRegex(
                        exceptions.ConfigurationError,
                        'python3-%s ' % module):
                    options.bindings('one')


class LocationTest(helpers.TempDirTestCase):

    def test_as_the_driver_has_it(self) -> None:
        conf = helpers.load_conf('', self.path)
        for fsid, pool, image in (
                ('a-b', 'images', helpers.IMAGE),
                ('f', 'two words/and @ a slash', 'caf\u00e9%41')):
            theirs = rbd_driver.StoreLocation(
                {'fsid': fsid, 'pool': pool, 'image': image,
                 'snapshot': rbd_driver.DEFAULT_SNAPNAME}, conf)
            theirs.process_specs()
            self.assertEqual(theirs.get_uri(),
                             options.location(fsid, pool, image))
