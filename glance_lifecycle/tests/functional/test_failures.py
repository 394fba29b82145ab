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

"""Stores and networks that fail, users who change their mind."""

import contextlib
import os
import pathlib
import stat

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import loopfs
from glance_lifecycle.tests.functional.fixtures import mariadb
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.fixtures import web
from glance_lifecycle.tests.functional import plugin_case

# It is looked at once a second whether a transfer is to stop.
_SLOWLY = (0.005, 0.2)


class StoreFullTest(plugin_case.PluginTestCase):
    """Store 2 of 3 full: stock leaves queued, or stuck importing."""

    def setUp(self) -> None:
        super().setUp()
        self.small = self.useFixture(loopfs.LoopFs(48 * images.MIB))
        self.api = self.new_api(conf={
            's2': {'filesystem_store_datadir': self.small.path}})
        self.user = self.api.user()

    def test_all_must_succeed(self) -> None:
        self.small.fill(leave=images.MIB)
        source = images.make(self.work / 'a.qcow2', size=64 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.check_kept(image, source)
        # No new staging: what the user did once is enough.
        self.small.free()
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image,
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)
        self.assert_lists(image)
        self.assert_nothing_left(self.api, image_id)

    def check_kept(self, image: client.Image, source: pathlib.Path) -> None:
        self.assertEqual(
            ('uploading', 'qcow2', source.stat().st_size),
            (image['status'], image['disk_format'], image['size']))
        self.assertIn('Store s2 is full: ',
                      self.message(self.user, image['id']))
        self.assert_lists(image, failed=plugin_case.ALL)
        transfer.until('the journal is gone', lambda: self.api.leftovers()
                       == [f'staging/{image["id"]}'])

    def test_full_in_the_middle(self) -> None:
        """Room as it begins, none as it goes on."""
        source = self.noise(32 * images.MIB)
        image_id = self.staged(self.user, source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        with transfer.frozen(transfer.find(self.api)):
            self.small.fill(leave=images.MIB)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('Store s2 is full: ',
                      self.message(self.user, image_id))

    def test_not_all_must_succeed(self) -> None:
        """Active on two, and the failed list right."""
        self.small.fill(leave=images.MIB)
        source = images.make(self.work / 'a.qcow2', size=64 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True,
                               all_stores_must_succeed=False)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image,
                           images.reference(source, 'qcow2'), 's1', 's3')
        self.assert_lists(image, failed=['s2'])
        self.assertIn('Store s2 is full: ',
                      self.message(self.user, image_id))
        self.assertEqual('success',
                         self.user.tasks(image_id)[0]['status'])
        self.assert_nothing_left(self.api, image_id)

    def test_only_store(self) -> None:
        """None of the stores is left: a failure, must or must not."""
        self.small.fill(leave=images.MIB)
        source = images.make(self.work / 'a.qcow2', size=64 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, stores=['s2'],
                               all_stores_must_succeed=False)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assert_lists(image, failed=['s2'])


class StoreBrokenTest(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.mount = self.useFixture(loopfs.LoopFs(48 * images.MIB))
        self.api = self.new_api(conf={
            's3': {'filesystem_store_datadir': self.mount.path}})
        self.user = self.api.user()
        self.mount.read_only(True)

    def test_read_only(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True,
                               all_stores_must_succeed=False)
        image = self.user.wait_import(image_id)
        self.assert_stored(self.api, image,
                           images.reference(source, 'qcow2'), 's1', 's2')
        self.assert_lists(image, failed=['s3'])
        other = self.staged(self.user, source)
        self.user.import_image(other, all_stores=True)
        self.assertEqual('uploading', self.user.wait_import(other)['status'])
        self.assertIn('Store s3 failed: ', self.message(self.user, other))
        self.mount.read_only(False)
        self.user.import_image(other, all_stores=True)
        self.assert_stored(self.api, self.user.wait_import(other),
                           images.reference(source, 'qcow2'),
                           *plugin_case.ALL)


class ObjectInTheWayTest(plugin_case.SharedApiTestCase):

    def test_not_overwritten(self) -> None:
        """Somebody's object under this image's name is left alone."""
        source = images.make(self.work / 'a.qcow2', size=16 * images.MIB)
        image_id = self.staged(self.user, source)
        other = self.api.stored_copy(image_id, 's2')
        other.write_text('precious')
        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('Store s2 already holds an object',
                      self.message(self.user, image_id))
        self.assertEqual('precious', other.read_text())
        self.assertFalse(self.api.stored_copy(image_id, 's1').exists())


class DeleteTest(plugin_case.SharedApiTestCase):
    """DELETE during import: stock leaves a full orphan object."""

    conf = {'lifecycle_transfer': {'progress_interval': '1'}}

    def test_delete(self) -> None:
        source = self.noise()
        image_id = self.staged(self.user, source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        child = transfer.find(self.api)
        with transfer.Throttle(child, *_SLOWLY):
            transfer.until('something is written', lambda: any(
                path.stat().st_blocks
                for path in self.api.store_dir('s1').iterdir()))
            self.user.delete(image_id)
            most = 0

            def over() -> bool:
                nonlocal most
                with contextlib.suppress(FileNotFoundError):
                    most = max([most, *(
                        path.stat().st_blocks * 512 for path in
                        self.api.store_dir('s1').iterdir())])
                return not transfer.running(child)
            transfer.until('the transfer stops', over)
        # It stopped for the deletion, and not because it was done.
        self.assertLess(most, source.stat().st_size)
        self.assert_nothing_left(self.api, *self.others(''))
        task = self.api.admin().request(
            'GET', 'tasks').json()['tasks'][0]
        transfer.until('the task ends', lambda: self.api.admin().request(
            'GET', f'tasks/{task["id"]}').json()['status'] == 'failure')
        task = self.api.admin().request('GET', f'tasks/{task["id"]}').json()
        self.assertIn('the image was deleted', task['message'])

    def test_progress_is_shown(self) -> None:
        """Percentage, rate, store; and the claim on the image renewed."""
        source = self.noise()
        image_id = self.staged(self.user, source, 'raw')
        self.user.import_image(image_id, stores=['s1', 's3'])
        said = set()
        with transfer.Throttle(transfer.find(self.api)):
            self.user.wait_import(image_id, each=lambda _image: said.add(
                self.message(self.user, image_id)))
        self.assertTrue([text for text in said if ' % of 64.0 MiB, ' in text
                         and 'MiB/s, to s1, s3' in text], said)


class TakenOverTest(plugin_case.SharedApiTestCase):

    conf = {'lifecycle_transfer': {'progress_interval': '1'}}

    def test_task_ended_by_somebody(self) -> None:
        """A task that is no longer processing stops its transfer."""
        image_id = self.staged(self.user, self.noise(), 'raw')
        self.user.import_image(image_id, all_stores=True)
        child = transfer.find(self.api)
        with transfer.Throttle(child, *_SLOWLY):
            self.api.sql("update tasks set status = 'failure'")
            transfer.until('the transfer stops',
                           lambda: not transfer.running(child))
        self.wait_undone()

    def wait_undone(self) -> None:
        transfer.until('all is undone', lambda: not [
            name for name in self.api.leftovers()
            if name.startswith(('s1/', 's2/', 's3/'))])

    def test_lock_stolen(self) -> None:
        """Another import took over: ours stops, and touches no state."""
        image_id = self.staged(self.user, self.noise(), 'raw')
        self.user.import_image(image_id, all_stores=True)
        child = transfer.find(self.api)
        with transfer.Throttle(child, *_SLOWLY):
            self.api.sql("update image_properties set value = 'other' "
                         "where name = 'os_glance_import_task'")
            transfer.until('the transfer stops',
                           lambda: not transfer.running(child))
        self.wait_undone()
        transfer.until('the task ends', lambda: self.user.tasks(image_id)[0][
            'status'] == 'failure')
        image = self.user.get(image_id)
        self.assertEqual(('importing', 'other'), (
            image['status'], image['os_glance_import_task']))
        transfer.until('the reason is shown', lambda: 'another import' in
                       self.message(self.user, image_id))


class WebTest(plugin_case.SharedApiTestCase):

    def test_download_cut(self) -> None:
        """The server breaks off: what came is truncated, and refused."""
        images.make(self.work / 'a.qcow2', size=32 * images.MIB)
        server = self.useFixture(web.WebServer(self.work, cut_at=1000000))
        made = self.user.create_image()
        self.user.import_image(made['id'], 'web-download',
                               uri=f'{server.url}/a.qcow2')
        image = self.user.wait_import(made['id'])
        self.assertEqual('queued', image['status'])
        self.check_failed(image['id'])

    def test_store_fails_after_download(self) -> None:
        """The download is Glance's: it removes it and sets queued."""
        images.make(self.work / 'a.qcow2', size=32 * images.MIB)
        server = self.useFixture(web.WebServer(self.work))
        made = self.user.create_image()
        way = self.api.stored_copy(made['id'], 's1')
        way.write_text('in the way')
        self.user.import_image(made['id'], 'web-download',
                               uri=f'{server.url}/a.qcow2')
        image = self.user.wait_import(made['id'])
        self.assertEqual('queued', image['status'])
        self.assert_lists(image, failed=['s1'])
        self.assertIn('Store s1 already holds',
                      self.message(self.user, made['id']))
        way.unlink()
        self.assert_nothing_left(self.api)
        self.user.import_image(made['id'], 'web-download',
                               uri=f'{server.url}/a.qcow2')
        self.assertEqual('active',
                         self.user.wait_import(made['id'])['status'])
        self.user.delete(made['id'])

    def test_nothing_there(self) -> None:
        server = self.useFixture(web.WebServer(self.work))
        made = self.user.create_image()
        self.user.import_image(made['id'], 'web-download',
                               uri=f'{server.url}/none')
        image = self.user.wait_import(made['id'])
        self.assertEqual('queued', image['status'])
        self.check_failed(image['id'])

    def check_failed(self, image_id: str) -> None:
        """Nothing left, and the store listed as failed, as stock does."""
        self.assert_nothing_left(self.api, *self.others(image_id))
        self.assert_lists(self.user.get(image_id), failed=['s1'])

    def test_glance_download_fails(self) -> None:
        """A failing glance-download does not leak the lock."""
        far = self.useFixture(glance.GlanceApi(stores={'one': 'file'}))
        there = far.user().create_image(disk_format='raw')
        far.user().upload(there['id'], b'x' * 1000)
        far.stored_copy(there['id'], 'one').unlink()
        user = self.api.user(regions={'far': far.url})
        made = user.create_image(disk_format='raw')
        user.import_image(made['id'], 'glance-download', region='far',
                          remote_image_id=there['id'])
        image = user.wait_import(made['id'])
        self.assertEqual('queued', image['status'])
        self.check_failed(image['id'])


class AtOnceTest(plugin_case.PluginTestCase):

    def test_three_at_once(self) -> None:
        """Several imports at once, each to three stores, on MariaDB."""
        database = self.useFixture(mariadb.MariaDb()).database()
        api = self.new_api(database=database, processes=2)
        user = api.user()
        source = images.make(self.work / 'a.qcow2', compress=True)
        expected = images.reference(source, 'qcow2')
        made = [self.staged(user, source) for _ in range(4)]
        for image_id in made:
            user.import_image(image_id, all_stores=True)
        for image_id in made:
            self.assert_stored(api, user.wait_import(image_id), expected,
                               *plugin_case.ALL)
        self.assert_nothing_left(api, *made)

    def test_on_sqlite(self) -> None:
        """Two at once on SQLite: it locks, we come again."""
        api = self.new_api()
        user = api.user()
        source = images.make(self.work / 'a.qcow2')
        made = [self.staged(user, source) for _ in range(2)]
        for image_id in made:
            user.import_image(image_id, all_stores=True)
        for image_id in made:
            self.assertEqual('active', user.wait_import(image_id)['status'])

    def test_max_parallel_stores(self) -> None:
        """Glance's own parallel import (33) finds nothing left to do."""
        api = self.new_api(import_conf={
            'image_import_opts': {'max_parallel_stores': '3'}})
        user = api.user()
        source = images.make(self.work / 'a.qcow2')
        for stores in (['s2'], list(plugin_case.ALL)):
            image_id = self.staged(user, source)
            user.import_image(image_id, stores=stores)
            image = user.wait_import(image_id)
            self.assertEqual(64 * images.MIB, image['virtual_size'])
            self.assert_stored(api, image,
                               images.reference(source, 'qcow2'), *stores)
            self.assert_lists(image)
            self.assert_nothing_left(api, *[
                i['id'] for i in user.list_images()])


class RightsTest(plugin_case.SharedApiTestCase):

    def test_as_the_store_driver_would(self) -> None:
        """Location and permissions are those of Glance's own upload."""
        ours = self.import_one(b'x' * 1000, 'raw')
        made = self.user.create_image(disk_format='raw')
        self.user.upload(made['id'], b'x' * 1000)
        stock = self.user.get(made['id'])
        self.assertEqual(
            [{**place, 'url': place['url'].replace(stock['id'], ours['id'])}
             for place in stock['locations']], ours['locations'])
        modes = {stat.S_IMODE(os.stat(self.api.stored_copy(
            image['id'], 's1')).st_mode) for image in (ours, stock)}
        self.assertEqual(1, len(modes))
        for name in ('checksum', 'os_hash_algo', 'os_hash_value', 'size',
                     'container_format', 'status', 'stores'):
            self.assertEqual(stock[name], ours[name], name)
