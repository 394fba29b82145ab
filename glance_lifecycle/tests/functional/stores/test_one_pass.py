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

"""Two pools and a bucket in one pass: killed, imported again, cloned, read.

What operators want to be sure of before they trust us with their images.
"""

import os
import signal

from botocore import config as boto_config
from botocore import session as boto_session

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import store_case

POOLS = {'fast': 'images', 'spare': 'images2'}
ARCHIVE = 'archive'
BUCKET = 'glance'
BUILDER = '11111111-2222-3333-4444-555555555555'
SERVICE = '99999999-2222-3333-4444-555555555555'


class OnePassTest(store_case.StoreCase):

    def setUp(self) -> None:
        self.gateway = self.useFixture(radosgw.RadosGw(
            pools=list(POOLS.values())))
        self.cluster = self.gateway.cluster
        self.api = self.useFixture(glance.GlanceApi(
            stores={**dict.fromkeys(POOLS, 'rbd'), ARCHIVE: 's3'},
            plugins=['lifecycle'], autostart=False))
        super().setUp()
        keys = self.work / 'certificates'
        keys.mkdir()
        self.builder, service = (pki.signer(self.work, name)
                                 for name in ('builder', 'service'))
        for name, signer in ((BUILDER, self.builder), (SERVICE, service)):
            (keys / f'{name}.pem').write_bytes(signer.pem)
        self.api.configure(
            lifecycle_transfer={'object_store_settle_time': 0},
            key_manager={'backend': 'lifecycle_file'},
            lifecycle_file_key_manager={'directory': keys},
            lifecycle_signing={
                'required': 'always', 'on_convert': 'resign',
                'signing_key': service.key_path,
                'signing_certificate_id': SERVICE},
            archive={
                's3_store_host': self.gateway.s3_url,
                's3_store_access_key': self.gateway.access_key,
                's3_store_secret_key': self.gateway.secret_key,
                's3_store_bucket': BUCKET,
                's3_store_create_bucket_on_put': True,
                's3_store_bucket_url_format': 'path'},
            **{store: {'rbd_store_pool': pool, 'rbd_store_user': 'glance',
                       'rbd_store_ceph_conf': self.cluster.conf}
               for store, pool in POOLS.items()})
        self.api.start()
        self.user = self.api.user()
        session = boto_session.get_session()
        session.set_credentials(self.gateway.access_key,
                                self.gateway.secret_key)
        self.s3 = session.create_client(
            's3', endpoint_url=self.gateway.s3_url, region_name='us-east-1',
            config=boto_config.Config(s3={'addressing_style': 'path'}))
        self.addCleanup(self.s3.close)

    def test_signed_qcow2(self) -> None:
        source = self.work / 'a.qcow2'
        images.convert(self.noise(), 'raw', source, 'qcow2')
        image_id = self.staged(self.user, source, 'qcow2', **pki.properties(
            self.builder.sign(source), BUILDER))
        self.kill_half_way(image_id)
        self.assert_stores_empty()

        self.user.import_image(image_id, all_stores=True)
        image = self.user.wait_import(image_id)
        self.assertEqual('active', image['status'],
                         self.message(self.user, image_id))
        expected = images.reference(source, 'qcow2')
        self.assert_everywhere(image, expected)
        for pool in POOLS.values():
            self.assert_boots(image_id, pool, expected)
        self.assertEqual(
            dict.fromkeys([*POOLS, ARCHIVE], 'verified'),
            self.results('verify', image_id))
        self.user.delete(image_id)
        self.assert_stores_empty()
        self.assert_nothing_left(self.api)

    def kill_half_way(self, image_id: str) -> None:
        self.user.import_image(image_id, all_stores=True)
        child = transfer.find(self.api)
        transfer.run_until(lambda: child, 'all stores have some of it',
                           self.begun)
        os.kill(child, signal.SIGKILL)
        image = self.user.wait_import(image_id)
        self.assertEqual('uploading', image['status'])

    def begun(self) -> bool:
        return bool(self.uploads()) and all(
            any(name.startswith('rbd_data')
                for name in self.cluster.objects(pool))
            for pool in POOLS.values())

    def uploads(self) -> list[str]:
        try:
            found = self.s3.list_multipart_uploads(Bucket=BUCKET)
        except self.s3.exceptions.NoSuchBucket:
            return []
        return [upload['Key'] for upload in found.get('Uploads', ())]

    def assert_stores_empty(self) -> None:
        for pool in POOLS.values():
            self.assertEqual(([], []), (self.cluster.images(pool),
                                        self.cluster.objects(pool)))
        self.assertEqual([], self.uploads())
        self.assertNotIn('Contents', self.s3.list_objects_v2(Bucket=BUCKET))

    def assert_everywhere(self, image: client.Image,
                          expected: images.Reference) -> None:
        """What Glance says of it; and it is signed anew, and attested."""
        self.assertEqual(
            ('raw', expected.size, expected.md5, expected.sha512, SERVICE),
            (image['disk_format'], image['size'], image['checksum'],
             image['os_hash_value'],
             image['img_signature_certificate_uuid']))
        self.assertIn('lifecycle_attestation', image)
        host = self.gateway.s3_url.partition('://')[2]
        self.assertEqual(
            {f's3://{host}/{BUCKET}/{image["id"]}',
             *(f'rbd://{self.cluster.fsid}/{pool}/{image["id"]}/snap'
               for pool in POOLS.values())},
            {place['url'] for place in image['locations']})

    def assert_boots(self, image_id: str, pool: str,
                     expected: images.Reference) -> None:
        """A clone, as Nova makes it, reads as the image does."""
        clone, copy = f'{pool}/vm_disk', self.work / 'copy'
        self.cluster.rbd('clone', f'{pool}/{image_id}@snap', clone)
        copy.unlink(missing_ok=True)
        self.cluster.rbd('export', '--no-progress', clone, copy)
        self.assertEqual(expected, images.digests(copy))
        self.cluster.rbd('rm', '--no-progress', clone)
