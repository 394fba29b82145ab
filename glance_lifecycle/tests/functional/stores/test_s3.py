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

import hashlib
import io
import socket
from typing import Any
from unittest import mock
import urllib.parse

from botocore import auth as boto_auth
from botocore import awsrequest
from botocore import credentials
from glance_store import exceptions as store_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.fixtures import bad_network
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.tests import waiting
from glance_lifecycle.transfer.backends.object_store \
    import marks as object_marks
from glance_lifecycle.transfer.backends.object_store import patience
from glance_lifecycle.transfer.backends.s3 import service as s3_service
from glance_lifecycle.transfer.backends.s3 import sink as s3_sink
from glance_lifecycle.transfer import sink as sinks

IMAGE = s3_case.IMAGE
MIB = s3_case.MIB
PART = s3_case.PART
THEIRS = '11111111-2222-4333-8444-555555555555'
CONTENT = helpers.Image(helpers.noise(3 * MIB + 13), 6 * MIB,
                        helpers.noise(2 * MIB), 77)


class ContractTest(s3_case.S3TestCase):
    """Nobody can tell ours from the driver's."""

    def add_both(self, image: helpers.Image,
                 *options: str) -> tuple[Any, sinks.Stored]:
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
        # Whose it is, which the driver neither writes nor reads.
        found['Metadata'].pop(object_marks.METADATA, None)
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


class Late:
    """A request that stores an object, of which S3 has all but the end."""

    BODY = b'late'

    def __init__(self, service: s3_case.Service, token: str) -> None:
        path = f'/{s3_case.BUCKET}/{IMAGE}'
        request = awsrequest.AWSRequest(
            'PUT', service.s3_url + path, data=self.BODY, headers={
                'Content-Length': str(len(self.BODY)),
                f'x-amz-meta-{object_marks.METADATA}': token})
        boto_auth.S3SigV4Auth(credentials.Credentials(
            service.access_key, service.secret_key), 's3',
            'us-east-1').add_auth(request)
        parsed = urllib.parse.urlsplit(service.s3_url)
        self._socket = socket.create_connection(
            (str(parsed.hostname), parsed.port or 80),
            timeout=waiting.BOUND)
        head = [f'PUT {path} HTTP/1.1', f'Host: {parsed.netloc}',
                *(f'{key}: {value}' for key, value
                  in request.headers.items()), '', '']
        self._socket.sendall('\r\n'.join(head).encode() + self.BODY[:-1])

    def arrive(self) -> None:
        """The service has all of it, and says that it is stored."""
        self._socket.sendall(self.BODY[-1:])
        line = self._socket.makefile('rb').readline()
        if b' 200 ' not in line:
            raise AssertionError(line)

    def close(self) -> None:
        self._socket.close()


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
                self.assertFalse(self.undo())
                self.assertEqual(b'theirs', self.stored())
                self.client.delete_object(Bucket=s3_case.BUCKET, Key=IMAGE)

    def test_uploads_of_others(self) -> None:
        """They may go on, also those of the same image."""
        for key in (IMAGE, IMAGE + '-1', IMAGE[:-1]):
            self.client.create_multipart_upload(Bucket=s3_case.BUCKET,
                                                Key=key)
        sink = self.begun(CONTENT)
        self.assertEqual(4, len(self.uploads()))
        sink.commit()
        theirs = sorted((IMAGE[:-1], IMAGE, IMAGE + '-1'))
        self.assertTrue(self.undo())
        self.assertEqual(theirs, sorted(
            key for key, _upload in self.uploads()))
        for key, upload in self.uploads():
            self.client.abort_multipart_upload(
                Bucket=s3_case.BUCKET, Key=key, UploadId=upload)

    def test_the_first_cause_is_told(self) -> None:
        """Not what goes wrong when we look whether it was made after all.
        """
        for image in (CONTENT, helpers.Image(b'small')):
            sink = self.begun(image)
            first, second = (exceptions.StoreError(store='one', detail=text)
                             for text in ('first', 'second'))
            # Before an upload is completed the name is looked at as well.
            looks = [None, second] if image is CONTENT else [second]
            with (mock.patch.object(s3_service.Service, 'create',
                                    side_effect=first),
                  mock.patch.object(s3_service.Service, 'find',
                                    side_effect=looks),
                  self.assertRaises(exceptions.StoreError) as caught):
                sink.commit()
            self.assertIs(first, caught.exception)
            sink.abort()
            self.assertFalse(self.undo())

    def test_an_image_arrives_after_undo(self) -> None:
        """S3 has nothing that would keep it out: it is looked for again."""
        token = object_marks.new_token()
        self.created.append({
            object_marks.TOKEN: token, 'size': len(Late.BODY),
            'etag': hashlib.md5(Late.BODY, usedforsecurity=False
                                ).hexdigest()})
        late = Late(self.service, token)
        self.addCleanup(late.close)
        self.assertFalse(self.undo())
        late.arrive()
        self.assertEqual(Late.BODY, self.stored())
        self.assertTrue(self.undo())
        self.assert_nothing_left()
        self.assertTrue(s3_sink.S3Sink.late)

    def test_undo_without_bucket(self) -> None:
        self.assertFalse(self.undo('s3_store_bucket = nowhere'))
        self.begun(CONTENT).commit()
        with self.assertRaisesRegex(exceptions.StoreError,
                                    'no bucket nowhere any more'):
            self.undo('s3_store_bucket = nowhere')
        self.assertTrue(self.undo())

    def test_an_answer_is_lost(self) -> None:
        """There are two uploads then, of which only one has an id for us."""
        for commits in (True, False):
            with self.subTest(commits):
                self.created.clear()
                theirs = self.client.create_multipart_upload(
                    Bucket=s3_case.BUCKET, Key=IMAGE)['UploadId']
                self.client.upload_part(
                    Bucket=s3_case.BUCKET, Key=IMAGE, UploadId=theirs,
                    PartNumber=1, Body=b'theirs')
                sink = self.sink()
                self.lose_an_upload(sink)
                self.assertEqual(3, len(self.uploads()))
                helpers.feed(sink, CONTENT)
                if commits:
                    sink.commit()
                    self.assertTrue(self.undo())
                else:
                    sink.abort()
                self.assertEqual([(IMAGE, theirs)], self.uploads())
                self.client.abort_multipart_upload(
                    Bucket=s3_case.BUCKET, Key=IMAGE, UploadId=theirs)

    def lose_an_upload(self, sink: s3_sink.S3Sink) -> None:
        create = s3_service.Service.create_upload

        def twice(service: s3_service.Service, key: str,
                  metadata: dict[str, str], asked: list[float]) -> str:
            create(service, key, metadata, asked)
            return create(service, key, metadata, asked)

        with mock.patch.object(s3_service.Service, 'create_upload', twice):
            sink.begin(len(CONTENT.content))

    def test_older_uploads_are_not_vouched_for(self) -> None:
        """What Glance itself left is newer than what was there before."""
        self.client.create_multipart_upload(Bucket=s3_case.BUCKET, Key=IMAGE)
        before = self.uploads()
        # In the same second.
        mark = s3_sink.S3Sink.absent('one', IMAGE, self.options())
        self.created.append(mark)
        self.assertFalse(self.undo())
        waiting.until('its second is over', lambda: (
            self.service_time() >= mark[sinks.BEGUN]))
        self.client.create_multipart_upload(Bucket=s3_case.BUCKET, Key=IMAGE)
        self.assertTrue(self.undo())
        self.assertEqual(before, self.uploads())
        self.created[:] = [sinks.since(self.uploaded_at() - 5)]
        self.assertTrue(self.undo())

    def service_time(self) -> float:
        answer = self.client.head_bucket(Bucket=s3_case.BUCKET)
        return object_marks.service_time(
            answer['ResponseMetadata']['HTTPHeaders']['date'])

    def uploaded_at(self) -> float:
        listed = self.client.list_multipart_uploads(Bucket=s3_case.BUCKET)
        return float(listed['Uploads'][0]['Initiated'].timestamp())

    def test_same_bytes_with_another_token(self) -> None:
        """The same entity tag and size: another Glance's, of that image."""
        image = helpers.Image(b'small')
        self.begun(image).commit()
        created = list(self.created)
        self.assertTrue(self.undo())
        for token in ('', 'another'):
            self.client.put_object(
                Bucket=s3_case.BUCKET, Key=IMAGE, Body=b'small', Metadata={
                    object_marks.METADATA: token} if token else {})
            self.created[:] = created
            self.assertFalse(self.undo())
            self.assertEqual(b'small', self.stored())
        # And our token with other bytes.
        self.client.put_object(
            Bucket=s3_case.BUCKET, Key=IMAGE, Body=b'other',
            Metadata={object_marks.METADATA: created[-1]['token']})
        self.assertFalse(self.undo())
        self.client.delete_object(Bucket=s3_case.BUCKET, Key=IMAGE)

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

    def test_versions(self) -> None:
        """Ours goes, whether it is the current one or not, and no other."""
        bucket = s3_case.BUCKET
        self.client.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={'Status': 'Enabled'})
        for image in (helpers.Image(b'small'), CONTENT):
            for replaced in (False, True):
                with self.subTest(len(image.content), replaced=replaced):
                    self.created.clear()
                    self.begun(image).commit()
                    if replaced:
                        theirs = self.client.put_object(
                            Bucket=bucket, Key=IMAGE,
                            Body=image.content)['VersionId']
                    self.assertTrue(self.undo())
                    self.assertFalse(self.undo())
                    listed = self.client.list_object_versions(Bucket=bucket)
                    self.assertNotIn('DeleteMarkers', listed)
                    self.assertEqual(
                        [theirs] if replaced else [],
                        [one['VersionId'] for one in
                         listed.get('Versions', ())])
                    if replaced:
                        self.client.delete_object(
                            Bucket=bucket, Key=IMAGE, VersionId=theirs)
