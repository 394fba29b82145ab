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

"""No credential of a store is told; a location in Swift has one."""

import os
import pathlib
import signal

from glance_lifecycle.tests.functional import canary_case
from glance_lifecycle.tests.functional.fixtures import ceph
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.fixtures import transfer

STORES = {'archive': 's3', 'objects': 'swift'}


class StoreSecretsTest(canary_case.CanaryTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.swift = self.useFixture(swift.Swift())
        self.canaries += (self.swift.secret_key,)
        self.api = self.new_api({
            **canary_case.UNUSED,
            'archive': {
                's3_store_host': self.swift.s3_url,
                's3_store_access_key': self.swift.access_key,
                's3_store_secret_key': self.swift.secret_key,
                's3_store_bucket': 'archive',
                's3_store_create_bucket_on_put': True,
                's3_store_bucket_url_format': 'path'},
            'objects': {
                'swift_store_auth_address': self.swift.identity.url,
                'swift_store_user': 'glance:swift',
                'swift_store_key': self.swift.secret_key,
                'swift_store_container': 'images',
                'swift_store_create_container_on_put': True},
            'lifecycle': {'database_patience': 1},
            'lifecycle_transfer': {'object_store_timeout': 5, 'nice': 0}},
            stores=STORES)
        self.user = self.api.user()
        self.source = self.noise(32 * images.MIB)

    def test_good(self) -> None:
        with self.importing(self.source, 'raw') as image_id:
            pass
        self.check(image_id, 'active')
        (url,), = self.api.sql("select value from image_locations where "
                               "value like 'swift%'")
        # There it must be, or nothing was looked for.
        self.assertIn(self.swift.secret_key, url)

    def test_not_sealed(self) -> None:
        """The error of the database has the values of the statement."""
        self.no_sealing()
        with self.importing(self.source, 'raw') as image_id:
            pass
        self.check(image_id, 'uploading',
                   'The database of the Image service failed')
        self.check_recovery()
        self.sealing()
        self.user.import_image(image_id, all_stores=True)
        self.check(image_id, 'active')

    def test_child_dies(self) -> None:
        with self.importing(self.source, 'raw') as image_id:
            os.kill(transfer.find(self.api), signal.SIGKILL)
        self.check(image_id, 'uploading', 'its process was killed')
        self.check_recovery()

    def test_refused_by_the_service(self) -> None:
        for store, option in (('archive', 's3_store_secret_key'),
                              ('objects', 'swift_store_key')):
            with self.subTest(store=store):
                wrong = self.swift.secret_key + 'wrong'
                self.api.configure(**{store: {option: wrong}})
                self.api.restart()
                image_id = self.staged(self.user, self.source, 'raw')
                self.user.import_image(image_id, stores=[store])
                self.check(image_id, 'uploading', 'Store ' + store)
                self.check_recovery()
                self.api.configure(**{store: {
                    option: self.swift.secret_key}})

    def test_service_away(self) -> None:
        self.api.configure(
            archive={'s3_store_host': 'http://127.0.0.1:9'},
            objects={'swift_store_auth_address':
                     'http://127.0.0.1:9/auth/v1.0'})
        self.api.restart()
        image_id = self.staged(self.user, self.source, 'raw')
        self.user.import_image(image_id, all_stores=True)
        self.check(image_id, 'uploading', 'Store ')
        self.check_recovery()


class RbdSecretsTest(canary_case.CanaryTestCase):
    """The key of Ceph's user is in a file, and the cluster's in another."""

    def setUp(self) -> None:
        super().setUp()
        self.cluster = self.useFixture(ceph.Ceph(['images']))
        self.keyring = self.cluster.base / 'glance.keyring'
        self.key, stranger = map(
            self.key_in, (self.keyring,
                          self.cluster.base / 'stranger.keyring'))
        self.canaries += (self.key, stranger)
        self.stranger = stranger
        self.api = self.new_api({
            **canary_case.UNUSED,
            'pool': {'rbd_store_pool': 'images', 'rbd_store_user': 'glance',
                     'rbd_store_ceph_conf': self.cluster.conf,
                     'rados_connect_timeout': 6}}, stores={'pool': 'rbd'})
        self.user = self.api.user()
        self.source = self.noise(32 * images.MIB)

    def key_in(self, keyring: pathlib.Path) -> str:
        return keyring.read_text().partition('key = ')[2].split()[0]

    def test_good(self) -> None:
        with self.importing(self.source, 'raw') as image_id:
            pass
        self.check(image_id, 'active')

    def test_child_dies(self) -> None:
        with self.importing(self.source, 'raw') as image_id:
            os.kill(transfer.find(self.api), signal.SIGKILL)
        self.check(image_id, 'uploading', 'its process was killed')
        self.check_recovery()

    def test_refused_by_the_cluster(self) -> None:
        """With a key that is not this user's, or none at all."""
        good = self.keyring.read_text()
        for bad in (good.replace(self.key, self.stranger),
                    good.replace(self.key, self.key[::-1])):
            self.keyring.write_text(bad)
            image_id = self.staged(self.user, self.source, 'raw')
            # Glance connects when it first needs the store.
            refused = self.assertRaises(
                client.HttpError, self.user.import_image, image_id,
                all_stores=True)
            self.assert_clean('answer', str(refused))
            self.assert_clean('log', self.api.log_text())
        self.assertIn('permission denied', self.api.log_text())
