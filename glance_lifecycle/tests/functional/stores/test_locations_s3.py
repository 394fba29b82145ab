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

"""Locations of a real S3 service whose user has other keys.

glance_store before 5.7 writes keys into locations, and reads with no others.
Newer ones ignore them, and Glance 33 drops those that it comes upon: there,
what is rewritten is what no one has looked at.
"""

import importlib.metadata
from typing import Any
from typing import ClassVar

from botocore import exceptions
from botocore import session as boto_session
from glance_store._drivers import s3 as s3_driver

from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional.stores import locations_case

PLACE = locations_case.PLACE

#: Whether the installed driver keeps keys in locations.
EMBEDS = '@' in s3_driver.Store.EXAMPLE_URL

OLD = radosgw.RadosGw.access_key
NEW = 'NEWGLANCEKEY'


class S3Case(locations_case.LocationsCase):
    """All tests of the class use one service."""

    kind = 's3'
    old = radosgw.RadosGw.secret_key
    new = 'rotated+secret/1'
    service: ClassVar[radosgw.RadosGw]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = radosgw.RadosGw()
        cls.service.setUp()
        cls.addClassCleanup(cls.service.cleanUp)

    def key(self, what: str, access: str, *more: str) -> None:
        self.service.admin('key', what, '--uid=glance', '--key-type=s3',
                           f'--access-key={access}', *more)

    def open_gateway(self) -> None:
        self.key('create', OLD, f'--secret-key={self.old}')

    def rotate_gateway(self) -> None:
        self.key('create', NEW, f'--secret-key={self.new}')
        self.addCleanup(self.key, 'rm', NEW)
        self.key('rm', OLD)
        # The gateway may know it for a while yet.
        transfer.until('the old key is refused', self.refuses_old)

    def refuses_old(self) -> bool:
        try:
            self.client().list_buckets()
        except exceptions.ClientError:
            return True
        return False

    def options(self, key: str) -> dict[str, object]:
        return {'s3_store_host': self.service.s3_url,
                's3_store_access_key': OLD if key == self.old else NEW,
                's3_store_secret_key': key, 's3_store_bucket': PLACE,
                's3_store_create_bucket_on_put': True,
                's3_store_bucket_url_format': 'path'}

    def location(self, image_id: str, key: str, place: str = PLACE) -> str:
        access = OLD if key == self.old else NEW
        return 's3://%s:%s@%s/%s/%s' % (
            access, key, self.service.s3_url.partition('://')[2], place,
            image_id)

    def wanted(self, image_id: str) -> str:
        url = self.location(image_id, self.new)
        return url if EMBEDS else 's3://' + url.partition('@')[2]

    def client(self, access: str = OLD, secret: str = '') -> Any:
        session = boto_session.get_session()
        session.set_credentials(access, secret or self.old)
        client = session.create_client(
            's3', endpoint_url=self.service.s3_url, region_name='us-east-1')
        self.addCleanup(client.close)
        return client

    def put(self, *names: str) -> None:
        client = self.client()
        for name in names:
            client.put_object(Bucket=PLACE, Key=name, Body=self.data)

    def names(self) -> list[str]:
        return [one['Key'] for one in self.client(NEW, self.new)
                .list_objects_v2(Bucket=PLACE).get('Contents', ())]


class S3KeysTest(S3Case):

    def test_rotated(self) -> None:
        one, two, three = (self.new_image(self.data) for _ in range(3))
        self.embed(one, two, three)
        self.rotate()
        if EMBEDS:
            self.assert_unreadable_or_corrected(three)
        plan = self.manage('--dry-run')['plan']
        self.assertIn(plan['number'], (2, 3))
        self.manage('--yes')
        self.assertEqual({image_id: self.wanted(image_id)
                          for image_id in (one, two, three)}, self.values())
        self.assert_readable(one, two, three)
        self.assertEqual({'objects': 'verified'}, self.results('verify', one))
        self.admin.import_image(one, 'copy-image', stores=['files'])
        self.admin.wait_import(one)
        self.assertEqual(['files', 'objects'], self.stores_of(one))
        self.run_store('drop', one, '--from', 'objects', '--yes')
        self.assertEqual(['files'], self.stores_of(one))
        for image_id in (two, three):
            self.admin.delete(image_id)
        self.assertEqual([], [name for name in self.names()
                              if name in (one, two, three)])
        self.assertEqual(0, self.manage('--dry-run')['plan']['number'])
        self.assert_no_secret(self.api.log_text())

    def assert_unreadable_or_corrected(self, image_id: str) -> None:
        """Glance 32 corrects what it comes upon, and 31 does not."""
        if glance_release() == 31:
            self.assert_unreadable(image_id)
            self.assertIn(image_id, self.with_old_key())

    def test_imported(self) -> None:
        """Ours writes what the installed driver can read."""
        image_id = self.staged(self.admin, self.data, 'raw')
        self.admin.import_image(image_id, stores=['objects'])
        self.admin.wait_import(image_id)
        self.assert_readable(image_id)
        self.assertEqual(EMBEDS, image_id in self.with_old_key())

    def test_wrong_new_key(self) -> None:
        one = self.new_image(self.data)
        self.embed(one)
        before = self.values()
        self.rotate_gateway()
        self.api.configure(objects={
            **self.options(self.new), 's3_store_secret_key': 'mistyped'})
        self.manage('--yes', code=1)
        self.assertEqual(before, self.values())

    def test_another_bucket(self) -> None:
        one = self.new_image(self.data)
        self.embed(one)
        self.api.configure(objects={'s3_store_bucket': 'another'})
        found = self.manage('--yes', code=1)
        self.assertEqual(
            {'It is in another bucket than s3_store_bucket: images.'},
            set(found['plan']['left']))
        self.assertIsNone(found['done'])


class S3KilledTest(locations_case.KilledCase, S3Case):
    pass


def glance_release() -> int:
    return int(importlib.metadata.version('glance').split('.')[0])
