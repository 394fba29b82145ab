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

"""Imports through glance-api into an S3 and a Swift store at the same time."""

from collections.abc import Mapping
import os
import pathlib
import signal

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case

STORES = {'archive': 's3', 'objects': 'swift'}
BUCKET = 'archive'
CONTAINER = 'images'
SIZE = 96 * images.MIB
ACCOUNT = '''
[mine]
auth_address = {url}
user = glance:swift
key = swiftsecret
'''


class ObjectImportTest(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.swift = self.useFixture(swift.Swift())
        accounts = self.work / 'accounts.conf'
        accounts.write_text(ACCOUNT.format(url=self.swift.identity.url))
        conf: Mapping[str, Mapping[str, object]] = {
            'archive': {
                's3_store_host': self.swift.s3_url,
                's3_store_access_key': self.swift.access_key,
                's3_store_secret_key': self.swift.secret_key,
                's3_store_bucket': BUCKET,
                's3_store_create_bucket_on_put': True,
                's3_store_bucket_url_format': 'path'},
            'objects': {
                'swift_store_config_file': accounts,
                'default_swift_reference': 'mine',
                'swift_store_container': CONTAINER,
                'swift_store_create_container_on_put': True,
                'swift_store_large_object_size': 1,
                'swift_store_large_object_chunk_size': 5},
            'lifecycle_transfer': {'object_store_timeout': 5,
                                   'object_store_settle_time': 0}}
        self.api = self.new_api(conf, stores=STORES)
        self.user = self.api.user()

    def assert_in_stores(self, image: client.Image,
                         expected: images.Reference) -> None:
        self.assertEqual('active', image['status'],
                         self.message(self.user, image['id']))
        host = self.swift.s3_url.partition('://')[2]
        self.assertEqual(
            [(f's3://{host}/{BUCKET}/{image["id"]}', {'store': 'archive'}),
             (f'swift+config://mine/{CONTAINER}/{image["id"]}',
              {'store': 'objects'})],
            sorted((place['url'], place['metadata'])
                   for place in image['locations']))
        self.assertEqual((expected.size, expected.md5, expected.sha512),
                         (image['size'], image['checksum'],
                          image['os_hash_value']))
        for container in (BUCKET, CONTAINER):
            self.assert_same(expected, self.swift.client().get_object(
                container, image['id'])[1])
        self.assert_same(expected, self.user.download(image['id']))

    def assert_same(self, expected: images.Reference, got: bytes) -> None:
        path = self.work / 'got'
        path.write_bytes(got)
        self.assertEqual(expected, images.digests(path))

    def uploaded(self) -> list[str]:
        """Parts, segments and whole objects."""
        return [name for name in self.swift.everything()
                # What an unfinished upload is known by.
                if not name.startswith(f'{BUCKET}+segments/') or
                name.count('/') > 2]

    def assert_stores_empty(self) -> None:
        transfer.until('the stores are empty',
                       lambda: not self.swift.everything())
        # Journals go a moment after the task has ended.
        transfer.until('no journal is left', lambda: not [
            name for name in self.api.leftovers()
            if not name.startswith('staging/')])

    def begin_slowly(self, source: pathlib.Path) -> tuple[str, int]:
        """The image's id, and the child that has begun to write it."""
        image_id = self.staged(self.user, source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        child = transfer.find(self.api)
        transfer.run_until(lambda: child, 'both stores have some',
                           self.both_have_some)
        return image_id, child

    def both_have_some(self) -> bool:
        found = self.uploaded()
        return all(any(name.startswith(prefix) for name in found)
                   for prefix in (f'{BUCKET}+segments/', f'{CONTAINER}/'))

    def import_again(self, image_id: str, source: pathlib.Path) -> None:
        self.user.import_image(image_id, all_stores=True)
        self.assert_in_stores(self.user.wait_import(image_id),
                              images.digests(source))
        self.user.delete(image_id)
        self.assert_stores_empty()

    def test_qcow2(self) -> None:
        source = images.make(self.work / 'a.qcow2', size=96 * images.MIB)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True)
        self.assert_in_stores(self.user.wait_import(image_id),
                              images.reference(source, 'qcow2'))
        journals = [path for path in self.api.base.rglob('*')
                    if path.is_file() and 'lifecycle' in path.parts]
        for path in journals:
            self.assertNotIn(b'swiftsecret', path.read_bytes())
        self.assertNotIn('swiftsecret', self.api.log_text())
        self.user.delete(image_id)
        self.assert_stores_empty()

    def test_staged_mode(self) -> None:
        """Glance's own drivers upload."""
        self.api.stop()
        self.api.configure(lifecycle={'mode': 'staged'})
        self.api.start()
        # Glance's driver for Swift fails where a chunk is not full.
        source = images.make(self.work / 'a.qcow2', size=10 * 1024000)
        image_id = self.staged(self.user, source)
        self.user.import_image(image_id, all_stores=True)
        self.assert_in_stores(self.user.wait_import(image_id),
                              images.reference(source, 'qcow2'))
        self.user.delete(image_id)
        self.assert_stores_empty()

    def test_killed_child(self) -> None:
        source = self.noise(SIZE)
        image_id, child = self.begin_slowly(source)
        os.kill(child, signal.SIGKILL)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertIn('its process was killed',
                      self.message(self.user, image_id))
        self.assert_stores_empty()
        self.import_again(image_id, source)

    def test_killed_api(self) -> None:
        source = self.noise(SIZE)
        image_id, child = self.begin_slowly(source)
        self.api.kill9()
        os.kill(child, signal.SIGKILL)
        transfer.until('all processes are gone',
                       lambda: not self.api.survivors())
        self.assertNotEqual([], self.swift.everything())
        self.api.start()
        self.assertEqual([image_id], [
            plan['image_id'] for plan in self.recover(self.api)])
        self.assert_stores_empty()
        self.assertEqual('uploading', self.user.get(image_id)['status'])
        self.import_again(image_id, source)

    def test_arrives_after_recovery(self) -> None:
        """What a cluster stores when nobody waits for it any more."""
        self.api.stop()
        self.api.configure(
            lifecycle_transfer={'object_store_settle_time': 5})
        self.api.start()
        image_id, child = self.begin_slowly(self.noise(SIZE))
        self.api.kill9()
        os.kill(child, signal.SIGKILL)
        transfer.until('all processes are gone',
                       lambda: not self.api.survivors())
        segment = next(name for name in self.swift.everything()
                       if name.startswith(f'{CONTAINER}/')).split('/')
        headers = {key: value for key, value in self.swift.client(
            ).head_object(*segment).items()
            if key.startswith('x-object-meta-')}
        plan, = self.recover(self.api)
        self.assertEqual((['archive', 'objects'], 'uploading'),
                         (sorted(plan['left']), plan['status']))
        self.assertEqual([], self.uploaded())
        self.assertIn('looked for again', plan['text'])
        self.swift.client().put_object(CONTAINER, f'{image_id}-00004',
                                       b'late', headers=headers)
        # The first import of the new process looks, and looks again.
        self.api.start()
        small = self.staged(self.user, b'small' * 1000, 'raw')
        self.user.import_image(small, all_stores=True)
        self.user.wait_import(small)
        self.user.delete(small)
        self.assert_stores_empty()

    def test_deleted_meanwhile(self) -> None:
        image_id, child = self.begin_slowly(self.noise(SIZE))
        self.user.delete(image_id)
        os.kill(child, signal.SIGCONT)
        self.assert_stores_empty()
        transfer.until('no file is left', lambda: not self.api.leftovers())

    def test_service_killed(self) -> None:
        """Clean when it is back, and the next import succeeds."""
        source = self.noise(SIZE)
        image_id, child = self.begin_slowly(source)
        self.swift.kill()
        os.kill(child, signal.SIGCONT)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])
        self.assertRegex(self.message(self.user, image_id),
                         'Store (archive|objects) failed: .*connection')
        self.swift.restart()
        self.api.restart()
        self.recover(self.api)
        self.assert_stores_empty()
        self.import_again(image_id, source)
