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

"""A limit of a store that is not there is not passed over in silence."""

import pathlib
from unittest import mock

import fixtures
from oslo_config import cfg
import testtools

from glance_lifecycle.conf import worker as worker_conf
from glance_lifecycle.tests.unit.worker import image_api
from glance_lifecycle.worker import store_names


class NamesCase(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())
        self.base = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def conf(self, **options: str) -> cfg.ConfigOpts:
        conf = cfg.ConfigOpts()
        worker_conf.register_opts(conf)
        path = self.base / 'worker.conf'
        path.write_text('\n'.join(['[lifecycle_worker]', *(
            f'{name} = {value}' for name, value in options.items())]))
        conf([], default_config_files=[str(path)])
        return conf


class UnknownTest(NamesCase):

    def test_known(self) -> None:
        conf = self.conf(store_jobs='fast:2,far:1', store_rates='bulk:50')
        self.assertEqual([], store_names.unknown(conf, image_api.STORES))
        self.assertEqual([], store_names.unknown(self.conf(), []))

    def test_unknown(self) -> None:
        conf = self.conf(store_jobs='fast:2,Far:1', store_rates='buld:50')
        first, second = store_names.unknown(conf, image_api.STORES)
        self.assertEqual(
            '[lifecycle_worker] store_jobs: Far is no store of this cloud, '
            'so that its limit has no effect. The stores are bulk, far, fast. '
            'Correct the name.', first)
        self.assertIn('store_rates: buld is no store', second)

    def test_no_names(self) -> None:
        text, = store_names.unknown(self.conf(store_jobs='fast:2'), [])
        self.assertIn('only with [DEFAULT] enabled_backends', text)

    def test_no_jobs_at_all(self) -> None:
        for value in ('fast:0', 'fast:-1', 'fast', 'fast:x'):
            conf = self.conf(store_jobs=value)
            self.assertRaises(cfg.ConfigFileValueError, getattr,
                              conf.lifecycle_worker, 'store_jobs')


class NamesTest(NamesCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(image_api.ImageApi())

    def test_once(self) -> None:
        names = store_names.Names(self.conf(store_jobs='fast:2,Far:1'),
                                  self.api.cloud)
        for _twice in range(2):
            names.turn()
        self.assertEqual(1, self.log.output.count('Far is no store'))
        self.assertEqual([('GET', '/v2/info/stores')], self.api.requests)

    def test_nothing_is_named(self) -> None:
        store_names.Names(self.conf(), self.api.cloud).turn()
        self.assertEqual([], self.api.requests)

    def test_away(self) -> None:
        """It is asked again, but not at once."""
        names = store_names.Names(self.conf(store_rates='Far:1'),
                                  self.api.cloud)
        for status in (500, 403):
            self.api.fail = {'/v2/info/stores': status}
            with mock.patch.object(names, '_at', 0.0):
                names.turn()
                names.turn()
            self.assertIn('store_rates of [lifecycle_worker] name is not '
                          'known', self.log.output)
        self.assertEqual(2, len(self.api.requests))
        self.api.fail = {}
        names.turn()
        self.assertEqual(1, self.log.output.count('Far is no store'))
