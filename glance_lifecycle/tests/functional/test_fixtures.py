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

"""The fixtures themselves, against Glance as it comes."""

import os

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import loopfs
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import web


class TestGlanceApi(base.FunctionalTestCase):

    def test_stock_conversion_to_three_stores(self) -> None:
        source = images.make(self.work / 'a.qcow2', 'qcow2')
        expected = images.reference(source, 'qcow2')
        api = self.useFixture(
            glance.GlanceApi(plugins=['image_conversion']))
        user = api.user()
        image = user.create_image()
        user.stage(image['id'], source)
        user.import_image(image['id'], all_stores=True)
        image = user.wait_import(image['id'])
        self.assertEqual('raw', image['disk_format'])
        self.assert_stored(api, image, expected, 's1', 's2', 's3')
        self.assertEqual('success', user.tasks(image['id'])[0]['status'])
        self.assertEqual([], api.leftovers(image['id']))

    def test_killed_and_started_again(self) -> None:
        api = self.useFixture(glance.GlanceApi(stores={'only': 'file'}))
        user = api.user()
        image = user.create_image()
        before = api.workers()
        self.assertEqual(1, len(before))
        api.kill9()
        self.assertEqual([], api.survivors())
        api.start()
        self.assertEqual('queued', user.get(image['id'])['status'])
        self.assertNotEqual(before, api.workers())

    def test_web_and_glance_download(self) -> None:
        source = images.make(self.work / 'a.raw', 'raw', size=8 * images.MIB)
        expected = images.digests(source)
        server = self.useFixture(web.WebServer(self.work))
        first = self.useFixture(glance.GlanceApi(stores={'one': 'file'}))
        second = self.useFixture(glance.GlanceApi(stores={'two': 'file'}))

        user = first.user()
        image = user.create_image(disk_format='raw')
        user.import_image(image['id'], 'web-download',
                          uri=f'{server.url}/a.raw')
        image = user.wait_import(image['id'])
        self.assert_stored(first, image, expected, 'one')

        user = second.user(regions={'far': first.url})
        copy = user.create_image(disk_format='raw')
        user.import_image(copy['id'], 'glance-download', region='far',
                          remote_image_id=image['id'])
        copy = user.wait_import(copy['id'])
        self.assert_stored(second, copy, expected, 'two')

    def test_two_workers_on_mariadb(self) -> None:
        database = self.useFixture(mariadb.MariaDb()).database()
        api = self.useFixture(glance.GlanceApi(
            stores={'only': 'file'}, database=database, processes=2))
        self.assertEqual(2, len(api.workers()))
        user = api.user()
        image = user.create_image(disk_format='raw')
        user.stage(image['id'], b'x' * 1000)
        user.import_image(image['id'])
        self.assertEqual('active', user.wait_import(image['id'])['status'])


class TestLoopFs(base.FunctionalTestCase):

    def test_full(self) -> None:
        for kind, size in (('ext4', 32 * images.MIB),
                           ('xfs', loopfs.SMALLEST_XFS)):
            path = self.useFixture(loopfs.LoopFs(size, kind)).path
            self.assertTrue(os.path.ismount(path.parent))
            with (path / 'big').open('wb') as big:
                self.assertRaises(OSError, os.posix_fallocate, big.fileno(),
                                  0, size)
