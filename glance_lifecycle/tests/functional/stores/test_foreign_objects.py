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

"""What another Glance has stored survives a failing import, in each store.

The two cases of an audit that lost it: of a store that may fail, and whose
error is not the import's; and of one that is not the first to fail.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import os
import shutil
import signal
from typing import Any

from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import test_foreign_objects

SHARED = {'fast': 'rbd', 'archive': 's3', 'objects': 'swift'}
POOL = 'images'
BUCKET = 'archive'
CONTAINER = 'images'


class ForeignObjectsTest(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.cluster = self.useFixture(ceph.Ceph([POOL]))
        self.swift = self.useFixture(swift.Swift())
        conf: Mapping[str, Mapping[str, object]] = {
            'fast': {'rbd_store_pool': POOL, 'rbd_store_user': 'glance',
                     'rbd_store_ceph_conf': self.cluster.conf},
            'archive': {
                's3_store_host': self.swift.s3_url,
                's3_store_access_key': self.swift.access_key,
                's3_store_secret_key': self.swift.secret_key,
                's3_store_bucket': BUCKET,
                's3_store_create_bucket_on_put': True,
                's3_store_bucket_url_format': 'path'},
            'objects': {
                'swift_store_auth_address': self.swift.identity.url,
                'swift_store_user': 'glance:swift',
                'swift_store_key': self.swift.secret_key,
                'swift_store_container': CONTAINER,
                'swift_store_create_container_on_put': True},
            'lifecycle_transfer': {'object_store_settle_time': 0, 'nice': 0}}
        # Stock, with a database of its own.
        other = self.new_api(conf, stores=SHARED, plugins=()).user()
        self.image_id = self.staged(other, os.urandom(images.MIB), 'raw')
        other.import_image(self.image_id, all_stores=True)
        self.assertEqual('active',
                         other.wait_import(self.image_id)['status'])
        self.theirs = self.held()
        self.assertEqual(3, len(self.theirs['copies']))
        self.api = self.new_api(conf, stores={'s1': 'file', **SHARED})
        self.user = self.api.user()

    def held(self) -> dict[str, Any]:
        """All that is in the shared stores, and the image's own bytes."""
        with self.cluster.image(POOL, self.image_id, 'snap') as image:
            copies = [image.read(0, image.size()), *(
                self.swift.client().get_object(place, self.image_id)[1]
                for place in (BUCKET, CONTAINER))]
        return {'copies': copies, 'objects': self.swift.everything(),
                'pool': self.cluster.objects(POOL)}

    def assert_theirs(self, *left: str) -> None:
        transfer.until('nothing of ours is left', lambda: (
            [*left] == self.api.leftovers()
            and self.theirs == self.held()))

    def each_store(self, disk_format: str, stage: Callable[[], Any], *,
                   must: bool) -> Iterator[str]:
        """Import beside each of them; the store that was imported to."""
        self.user.create_image(id=self.image_id, disk_format=disk_format)
        for store in SHARED:
            if self.user.get(self.image_id)['status'] == 'queued':
                self.user.stage(self.image_id, stage())
            self.user.import_image(self.image_id, stores=['s1', store],
                                   all_stores_must_succeed=must)
            with self.subTest(store):
                yield store
        self.user.delete(self.image_id)
        self.assert_theirs()

    def test_bad_cluster(self) -> None:
        for _store in self.each_store(
                'qcow2', lambda: test_foreign_objects.bad_cluster(
                    self.work / 'bad'), must=False):
            image = self.user.wait_import(self.image_id)
            self.assertEqual('queued', image['status'])
            self.assertIn('(bad-compressed-data)', self.message(
                self.user, self.image_id))
            self.assert_theirs()

    def test_directory_missing(self) -> None:
        shutil.rmtree(self.api.store_dir('s1'))
        staged = f'staging/{self.image_id}'
        for _store in self.each_store(
                'qcow2', lambda: images.make(self.work / 'good'), must=True):
            image = self.user.wait_import(self.image_id)
            self.assertEqual('uploading', image['status'])
            self.assertIn('Store s1', self.message(
                self.user, self.image_id))
            self.assert_theirs(staged)

    def test_killed(self) -> None:
        """Recovery does not take them for its own either."""
        self.user.create_image(id=self.image_id, disk_format='raw')
        self.user.stage(self.image_id, self.noise())
        self.user.import_image(self.image_id, all_stores=True,
                               all_stores_must_succeed=False)
        child = transfer.find(self.api)
        ours = self.api.store_dir('s1')
        with transfer.Throttle(child):
            transfer.until('something is written', lambda: any(
                path.is_file() and path.stat().st_blocks
                for path in ours.rglob('*')))
            self.api.kill9()
            os.kill(child, signal.SIGKILL)
        transfer.until('all processes are gone',
                       lambda: not self.api.survivors())
        self.api.start()
        plan, = self.recover(self.api)
        self.assertEqual((['s1'], {}), (plan['undo'], plan['left']))
        self.assert_theirs(f'staging/{self.image_id}')
