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


"""What lies in buckets and containers, compared with a real Glance."""

import abc
from concurrent import futures
import json
import os
from typing import Any
from typing import ClassVar

from botocore import config as boto_config
from botocore import session as boto_session

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import glance_conf
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional import hygiene_case
from glance_lifecycle.tests import waiting

STRANGER = hygiene_case.STRANGER
PLACE = 'images'
SEGMENT = 1000 * 1024
SEGMENTS = 3


class ObjectHygieneCase(hygiene_case.HygieneCase):
    """All tests of a class use one service."""

    service_class: ClassVar[Any]
    service: ClassVar[Any]
    stores: ClassVar[dict[str, str]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = cls.service_class()
        cls.service.setUp()
        cls.addClassCleanup(cls.service.cleanUp)

    def new_glance(self) -> glance.GlanceApi:
        return self.useFixture(glance.GlanceApi(
            stores=self.stores, conf=self.conf()))

    @abc.abstractmethod
    def conf(self) -> dict[str, dict[str, object]]:
        """Options of the stores, by the service."""

    def drop(self, image_id: str) -> None:
        """Deleted, and the store did not hear of it."""
        self.api.sql("update images set status = 'deleted', deleted = 1, "
                     f"deleted_at = updated_at where id = '{image_id}'")
        self.api.sql("update image_locations set deleted = 1, status = "
                     f"'deleted' where image_id = '{image_id}'")

    def large(self) -> str:
        # The driver of glance_store hangs where the last segment is shorter.
        return self.new_image(os.urandom(SEGMENTS * SEGMENT))


class SwiftHygieneCase(ObjectHygieneCase):

    service_class = swift.Swift
    stores = {'objects': 'swift', 'files': 'file'}

    def setUp(self) -> None:
        super().setUp()
        self.client = self.service.client()
        self.addCleanup(self.empty)

    def conf(self) -> dict[str, dict[str, object]]:
        return {
            'objects': {
                'swift_store_auth_address': self.service.identity.url,
                'swift_store_user': 'glance:swift',
                'swift_store_key': 'swiftsecret',
                'swift_store_container': PLACE,
                'swift_store_create_container_on_put': True,
                'swift_store_large_object_size': 1,
                'swift_store_large_object_chunk_size': 1},
            'lifecycle_transfer': glance_conf.PATIENT}

    def empty(self) -> None:
        client = self.service.client()
        for place in self.service.everything():
            client.delete_object(*place.split('/', 1))
        for container in client.get_account()[1]:
            client.delete_container(container['name'])

    def put(self, name: str, data: bytes = b'x' * 100) -> None:
        self.client.put_object(PLACE, name, data)


class SwiftHygieneTest(SwiftHygieneCase):

    def test_clean(self) -> None:
        self.assertEqual([], self.found(code=0))
        self.new_images()
        self.large()
        self.assertEqual([], self.found(code=0))

    def test_orphans(self) -> None:
        kept = [*self.new_images(), self.large()]
        small, large = self.new_image(b's' * 500), self.large()
        for image_id in (small, large):
            self.drop(image_id)
        # Of whoever may write there: it sorts before the segments.
        for image_id in (large, kept[-1]):
            self.put(image_id + ' ')
        rows = self.found(code=4)
        self.assertEqual({'GLC020': sorted((small, large)),
                          'GLC029': ['objects']}, self.about(rows))
        for row in rows:
            if row['Image'] == large:
                self.assertEqual(SEGMENTS * SEGMENT, row['Bytes'])
                self.assertIn('It is in 3 segments.', row['Evidence'])

    def test_segments(self) -> None:
        kept = [*self.new_images(), self.large(), self.large()]
        gone = self.large()
        self.drop(gone)
        self.client.delete_object(PLACE, gone)
        # Segments that nobody serves, beside an image that is whole.
        for number in (1, 2):
            self.put(f'{kept[0]}-0000{number}')
        self.put(f'{STRANGER}-00001')
        # What is left of an image is not needless.
        self.client.delete_object(PLACE, kept[-1])
        self.client.delete_object(PLACE, f'{kept[-2]}-00003')
        rows = self.found(code=1)
        self.assertEqual(
            {'GLC021': sorted((gone, kept[0])), 'GLC026': [STRANGER],
             'GLC028': [kept[-1]], 'GLC030': [kept[-1]],
             'GLC031': [kept[-2]]}, self.about(rows))
        self.assertIn(f'It has {2 * SEGMENT} bytes, and Glance says',
                      self.only(rows, 'GLC031')['Evidence'])

    def test_many_containers(self) -> None:
        self.api.configure(objects={
            'swift_store_multiple_containers_seed': 1})
        self.api.restart()
        self.new_images(5)
        image_id = self.new_image(b'o' * 500)
        self.drop(image_id)
        self.client.put_container('other')
        self.client.put_object('other', STRANGER, b'x')
        row = self.only(self.found(code=4), 'GLC020')
        self.assertEqual(f'{PLACE}_{image_id[0]}/{image_id}', row['Object'])

    def test_another_account(self) -> None:
        """An old location with the user of another project."""
        kept = self.new_images(4)
        self.api.sql("update image_locations set value = replace(value, "
                     "'glance%3Aswift', 'other%3Aswift') where image_id = "
                     f"'{kept[0]}'")
        self.assertEqual({'GLC028': [kept[0]], 'GLC034': [kept[0]]},
                         self.about(self.found(code=3)))

    def test_away(self) -> None:
        self.new_images()
        self.api.configure(objects={'swift_store_key': 'wrong'})
        rows = self.found(code=3)
        self.assertEqual({'GLC037': ['objects']}, self.about(rows))
        self.assertNotIn('wrong', str(rows))

    def test_no_secret(self) -> None:
        """Locations hold the key."""
        kept = self.new_images()
        self.client.delete_object(PLACE, kept[0])
        answer = self.hygiene('--grace', '0')
        self.assertEqual(1, answer.code)
        self.assertNotIn('swiftsecret', answer.stdout + answer.stderr)


class S3HygieneCase(ObjectHygieneCase):

    service_class: ClassVar[Any] = swift.Swift
    stores = {'archive': 's3', 'files': 'file'}

    def setUp(self) -> None:
        super().setUp()
        session = boto_session.get_session()
        session.set_credentials(self.service.access_key,
                                self.service.secret_key)
        self.client = session.create_client(
            's3', endpoint_url=self.service.s3_url, region_name='us-east-1',
            config=boto_config.Config(
                s3={'addressing_style': 'path'},
                request_checksum_calculation='when_required'))
        self.addCleanup(self.client.close)
        self.client.create_bucket(Bucket=PLACE)
        self.addCleanup(self.empty)

    def conf(self) -> dict[str, dict[str, object]]:
        return {
            'archive': {
                's3_store_host': self.service.s3_url,
                's3_store_access_key': self.service.access_key,
                's3_store_secret_key': self.service.secret_key,
                's3_store_bucket': PLACE,
                's3_store_bucket_url_format': 'path'},
            'lifecycle_transfer': glance_conf.PATIENT}

    def empty(self) -> None:
        for one in self.client.list_multipart_uploads(Bucket=PLACE).get(
                'Uploads', ()):
            self.client.abort_multipart_upload(
                Bucket=PLACE, Key=one['Key'], UploadId=one['UploadId'])
        # XML, in which many could be named at once, has not all names.
        while page := self.client.list_objects_v2(Bucket=PLACE).get(
                'Contents'):
            with futures.ThreadPoolExecutor(16) as pool:
                list(pool.map(lambda one: self.client.delete_object(
                    Bucket=PLACE, Key=one['Key']), page))
        self.client.delete_bucket(Bucket=PLACE)

    def hygiene(self, *argv: str) -> openstack.Answer:
        # Swift's S3 API rounds the time of a change up, and what seems to be
        # of the future is too young to be judged.
        waiting.next_second()
        return super().hygiene(*argv)

    def put(self, name: str, data: bytes = b'x' * 100) -> None:
        self.client.put_object(Bucket=PLACE, Key=name, Body=data)

    def begin_upload(self, name: str) -> None:
        upload = self.client.create_multipart_upload(Bucket=PLACE, Key=name)
        for number in (1, 2):
            self.client.upload_part(
                Bucket=PLACE, Key=name, UploadId=upload['UploadId'],
                PartNumber=number, Body=b'x' * 700)


class S3HygieneTest(S3HygieneCase):

    def test_all(self) -> None:
        kept = self.new_images(6)
        self.assertEqual([], self.found(code=0))
        gone = self.new_image(b'g' * 500)
        self.drop(gone)
        self.put('some/thing')
        self.put('a b\x01\u20ac')
        self.client.delete_object(Bucket=PLACE, Key=kept[0])
        self.put(kept[1], b'short')
        rows = self.found(code=1)
        self.assertEqual(
            {'GLC020': [gone], 'GLC029': ['archive'], 'GLC030': [kept[0]],
             'GLC031': [kept[1]]}, self.about(rows))
        self.assertEqual(500, self.only(rows, 'GLC020')['Bytes'])
        self.assertIn('There are 2, of 200 bytes.',
                      self.only(rows, 'GLC029')['Evidence'])

    def test_uploads(self) -> None:
        kept = self.new_images()
        gone = self.new_image(b'g' * 500)
        self.drop(gone)
        self.client.delete_object(Bucket=PLACE, Key=gone)
        waiting = self.admin.create_image(disk_format='raw')['id']
        for name in (gone, gone, kept[0], waiting, STRANGER, 'x y'):
            self.begin_upload(name)
        rows = self.found(code=3)
        self.assertEqual(
            {'GLC022': sorted((gone, gone, kept[0])), 'GLC026': [STRANGER],
             'GLC027': [waiting], 'GLC029': ['archive']}, self.about(rows))
        for row in rows:
            if row['Code'] == 'GLC022':
                self.assertEqual(1400, row['Bytes'])

    def test_pages(self) -> None:
        """Services send a thousand at a time."""
        kept = self.new_images()
        with futures.ThreadPoolExecutor(16) as pool:
            # Each waits for the disk.
            list(pool.map(lambda number: self.put('thing/%04d' % number, b''),
                          range(1100)))
        rows = self.found(code=0)
        self.assertIn('There are 1100, of ',
                      self.only(rows, 'GLC029')['Evidence'])
        self.assertEqual(3, len(kept))

    def test_another_address(self) -> None:
        """The same service, as an older configuration had it."""
        kept = self.new_images(4)
        self.api.sql("update image_locations set value = replace(value, "
                     "'127.0.0.1', 'localhost') where image_id = "
                     f"'{kept[0]}'")
        self.assertEqual({'GLC028': [kept[0]], 'GLC034': [kept[0]]},
                         self.about(self.found(code=3)))

    def test_no_bucket(self) -> None:
        self.new_images()
        self.api.configure(archive={'s3_store_bucket': 'nothing'})
        self.assertEqual({'GLC037': ['archive']}, {
            code: found for code, found in self.about(
                self.found(code=3)).items() if code != 'GLC034'})


class RadosGwHygieneCase(S3HygieneCase):

    service_class = radosgw.RadosGw

    def keep_versions(self, status: str = 'Enabled') -> None:
        self.client.put_bucket_versioning(
            Bucket=PLACE, VersioningConfiguration={'Status': status})
        self.addCleanup(self.remove_versions)

    def remove_versions(self) -> None:
        while True:
            found = self.client.list_object_versions(Bucket=PLACE)
            every = [*found.get('Versions', ()),
                     *found.get('DeleteMarkers', ())]
            if not every:
                return
            for one in every:
                self.client.delete_object(
                    Bucket=PLACE, Key=one['Key'], VersionId=one['VersionId'])


class RadosGwHygieneTest(RadosGwHygieneCase, S3HygieneTest):

    def test_versions(self) -> None:
        """What deleted images hold still, and who replaces what holds, too."""
        self.keep_versions()
        kept = self.new_images()
        self.assertEqual([], self.found(code=0))
        for size in (500, 700):
            self.admin.delete(self.new_image(b'g' * size))
        for number in range(2):
            self.put('thing', b'%d' % number)
        # It has gone, by whomever, and could be brought back.
        self.client.delete_object(Bucket=PLACE, Key=kept[0])
        rows = self.found(code=1)
        self.assertEqual({'GLC029': ['archive'], 'GLC030': [kept[0]],
                          'GLC130': ['archive']}, self.about(rows))
        row = self.only(rows, 'GLC130')
        self.assertEqual(500 + 700 + 1 + 1000, row['Bytes'])
        self.assertEqual('There are 4, of 2201 bytes. Of images that are '
                         'deleted: 2, of 1200 bytes. There are 3 delete '
                         'markers, too.', row['Evidence'])
        self.assertIn('NoncurrentVersionExpiration', row['Remedy'])
        answer = self.hygiene(*self.at_once, '--code', 'GLC130')
        self.assertIn('noncurrent-version: 1, 2201 bytes', answer.stderr)
        self.keep_versions('Suspended')
        self.assertEqual(2201, self.only(self.found(code=1),
                                         'GLC130')['Bytes'])

    def test_nobody_tells_of_versions(self) -> None:
        self.keep_versions()
        self.admin.delete(self.new_image(b'g' * 500))
        self.new_images()
        self.client.put_bucket_policy(Bucket=PLACE, Policy=json.dumps({
            'Version': '2012-10-17', 'Statement': [{
                'Effect': 'Deny', 'Principal': '*',
                'Action': 's3:GetBucketVersioning',
                'Resource': f'arn:aws:s3:::{PLACE}'}]}))
        self.assertEqual([], self.found(code=0))
        self.client.delete_bucket_policy(Bucket=PLACE)
        self.assertEqual(500, self.only(self.found(code=0),
                                        'GLC130')['Bytes'])
