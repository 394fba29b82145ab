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

"""The S3 sink, on the S3 API of Swift and on radosgw."""

import io
from typing import Any

from glance_store import exceptions as store_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import bad_network
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.unit.transfer.sink import helpers
from glance_lifecycle.transfer.sink import base
from glance_lifecycle.transfer.sink import patience
from glance_lifecycle.transfer.sink import s3 as s3_sink

IMAGE = s3_case.IMAGE
MIB = s3_case.MIB
PART = s3_case.PART
THEIRS = '11111111-2222-4333-8444-555555555555'
CONTENT = helpers.Image(helpers.noise(3 * MIB + 13), 6 * MIB,
                        helpers.noise(2 * MIB), 77)


class ContractTest(s3_case.S3TestCase):
    """Nobody can tell ours from the driver's."""

    def add_both(self, image: helpers.Image,
                 *options: str) -> tuple[Any, base.Stored]:
        """Add by the driver and by us, and compare all that can be seen."""
        driver, described = self.configure(*options)
        url, _size, _md5, _hash, metadata = driver.add(
            THEIRS, io.BytesIO(image.content), len(image.content), 'md5')
        stored = helpers.store(
            s3_sink.S3Sink('one', IMAGE, described), image)
        self.assertEqual(url.replace(THEIRS, IMAGE), stored.url)
        self.assertEqual(metadata, stored.metadata)
        bucket = described['bucket']
        self.assertEqual(self.head(THEIRS, bucket), self.head(IMAGE, bucket))
        self.assertEqual(image.content, self.stored(bucket))
        driver.delete(self.where(driver, url))
        return driver, stored

    def head(self, key: str, bucket: str) -> dict[str, Any]:
        found = self.client.head_object(Bucket=bucket, Key=key)
        # How many parts it consists of is no reader's concern. Services
        # have another default type for objects that consist of any.
        return {k: v for k, v in found.items() if k not in (
            'ResponseMetadata', 'ETag', 'LastModified', 'ContentType')}

    def test_options(self) -> None:
        for options in (
                (), ('s3_store_large_object_size = 1',
                     's3_store_large_object_chunk_size = 5'),
                ('s3_store_region_name = us-east-1',),
                ('s3_store_bucket = other',
                 's3_store_create_bucket_on_put = true'),
                (f's3_store_host = {self.service.s3_url}/',),
                ('s3_store_enable_data_integrity_protection = true',
                 's3_store_response_checksum_validation = when_supported')):
            with self.subTest(options):
                driver, stored = self.add_both(CONTENT, *options)
                driver.delete(self.where(driver, stored.url))
        self.client.delete_bucket(Bucket='other')
        self.assert_nothing_left()

    def test_sizes(self) -> None:
        for name, image in helpers.IMAGES.items():
            with self.subTest(name):
                driver, stored = self.add_both(image)
                driver.delete(self.where(driver, stored.url))
        self.assert_nothing_left()

    def test_the_driver_reads_and_deletes_ours(self) -> None:
        driver, described = self.configure()
        stored = helpers.store(s3_sink.S3Sink(
            'one', IMAGE, {**described, 'part_size': PART}), CONTENT)
        where = self.where(driver, stored.url)
        chunks, size = driver.get(where)
        self.assertEqual(CONTENT.content, b''.join(chunks))
        self.assertEqual(len(CONTENT.content), size)
        self.assertEqual(size, driver.get_size(where))
        with self.assertRaises(store_exceptions.Duplicate):
            driver.add(IMAGE, io.BytesIO(b'x'), 1, 'md5')
        driver.delete(where)
        self.assert_nothing_left()

    def test_the_driver_s_is_not_overwritten(self) -> None:
        driver, described = self.configure()
        url = driver.add(IMAGE, io.BytesIO(b'theirs'), 6, 'md5')[0]
        sink = s3_sink.S3Sink('one', IMAGE, described)
        with self.assertRaisesRegex(exceptions.StoreDuplicate, IMAGE):
            sink.begin(MIB)
        sink.abort()
        self.assertEqual(b'theirs', self.stored())
        driver.delete(self.where(driver, url))


class RadosGwContractTest(s3_case.OnRadosGw, ContractTest):
    pass


class StoreTest(s3_case.S3TestCase):

    def tearDown(self) -> None:
        self.assert_nothing_left()
        super().tearDown()

    def begun(self, image: helpers.Image, **options: Any) -> s3_sink.S3Sink:
        sink = self.sink(**options)
        sink.begin(len(image.content), image.data_size)
        helpers.feed(sink, image)
        return sink

    def test_it_came_meanwhile(self) -> None:
        """Somebody else stores the same image while we do."""
        for image in (CONTENT, helpers.Image(b'small')):
            with self.subTest(len(image.content)):
                sink = self.begun(image)
                self.client.put_object(Bucket=s3_case.BUCKET, Key=IMAGE,
                                       Body=b'theirs')
                self.assertRaises(exceptions.StoreDuplicate, sink.commit)
                sink.abort()
                self.assertEqual(b'theirs', self.stored())
                self.assertTrue(self.undo())

    def test_uploads_of_others(self) -> None:
        """Those of the same image go once it is there; no others do."""
        for key in (IMAGE, IMAGE + '-1', IMAGE[:-1]):
            self.client.create_multipart_upload(Bucket=s3_case.BUCKET,
                                                Key=key)
        sink = self.begun(CONTENT)
        self.assertEqual(4, len(self.uploads()))
        sink.commit()
        self.assertEqual([IMAGE[:-1], IMAGE + '-1'],
                         sorted(key for key, _upload in self.uploads()))
        self.assertTrue(self.undo())
        self.assertEqual(2, len(self.uploads()))
        for key, upload in self.uploads():
            self.client.abort_multipart_upload(
                Bucket=s3_case.BUCKET, Key=key, UploadId=upload)

    def test_undo_without_bucket(self) -> None:
        self.assertFalse(self.undo('s3_store_bucket = nowhere'))

    def test_parts_of_zeros(self) -> None:
        sink = self.begun(helpers.Image(40 * PART, b'x', 3 * PART))
        sink.commit()
        self.assertEqual(43 * PART + 1, sink.bytes_written)
        self.assertTrue(self.undo())

    def test_aborted_by_somebody(self) -> None:
        sink = self.begun(CONTENT)
        for key, upload in self.uploads():
            self.client.abort_multipart_upload(
                Bucket=s3_case.BUCKET, Key=key, UploadId=upload)
        with self.assertRaisesRegex(exceptions.StoreError, 'NoSuchUpload'):
            sink.commit()
        sink.abort()
        self.undo()

    def test_a_byte_changes_on_its_way(self) -> None:
        """The service notices, and the part is sent again."""
        before = patience._PAUSES
        patience._PAUSES = (0.01, 0.1)
        self.addCleanup(setattr, patience, '_PAUSES', before)
        needle = b'abcdefghijklmnop'
        port = int(self.service.s3_url.rpartition(':')[2])
        network = self.useFixture(bad_network.BadNetwork(port))
        network.flip = needle
        image = helpers.Image(needle * (3 * PART // len(needle)), 5,
                              needle * 1000)
        for flips in (1, 3, 1000):
            with self.subTest(flips):
                network.flips = flips
                sink = self.sink(f's3_store_host = {network.url}')
                try:
                    helpers.store(sink, image)
                except exceptions.StoreError as error:
                    self.assertEqual(1000, flips)
                    self.assertIn('BadDigest', str(error))
                    sink.abort()
                else:
                    self.assertNotEqual(1000, flips)
                    self.assertEqual(image.content, self.stored())
                    self.assertTrue(self.undo())

    def useFixture(self, fixture: Any) -> Any:
        fixture.setUp()
        self.addCleanup(fixture.cleanUp)
        return fixture


class RadosGwStoreTest(s3_case.OnRadosGw, StoreTest):
    pass
