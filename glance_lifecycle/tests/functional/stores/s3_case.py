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

"""A throw-away S3 service, and stores of it to test with."""

import json
import logging
import pathlib
import tempfile
from typing import Any
from typing import ClassVar

from botocore import config as boto_config
from botocore import session as boto_session
from glance_store._drivers import s3 as s3_driver
from glance_store import location

from glance_lifecycle.tests.functional.fixtures import radosgw
from glance_lifecycle.tests.functional.fixtures import swift
from glance_lifecycle.tests.functional.stores import noted
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.s3 import sink as s3_sink

IMAGE = helpers.IMAGE
MIB = 1024 * 1024
BUCKET = 'glance'

# The services were told to take parts of 64 KiB.
PART = 256 * 1024

Service = swift.Swift | radosgw.RadosGw


class S3TestCase(noted.Noted):
    """All tests of the class use one service; each has an empty bucket.

    :cvar service_class: whose S3 API
    """

    service_class: ClassVar[type[Service]] = swift.Swift
    service: ClassVar[Service]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = cls.service_class()
        cls.service.setUp()
        cls.addClassCleanup(cls.service.cleanUp)

    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = pathlib.Path(holder.name)
        # The driver logs every refusal with a traceback.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.client = self.make_client()
        self.client.create_bucket(Bucket=BUCKET)
        self.addCleanup(self.empty, BUCKET)

    def make_client(self) -> Any:
        session = boto_session.get_session()
        session.set_credentials(self.service.access_key,
                                self.service.secret_key)
        client = session.create_client(
            's3', endpoint_url=self.service.s3_url,
            region_name='us-east-1', config=boto_config.Config(
                s3={'addressing_style': 'path'}, connect_timeout=30,
                read_timeout=30, request_checksum_calculation='when_required',
                retries={'total_max_attempts': 3}))
        self.addCleanup(client.close)
        return client

    def empty(self, bucket: str) -> None:
        for key, upload in self.uploads(bucket):
            self.client.abort_multipart_upload(Bucket=bucket, Key=key,
                                               UploadId=upload)
        for key in self.keys(bucket):
            self.client.delete_object(Bucket=bucket, Key=key)
        self.client.delete_bucket(Bucket=bucket)

    # Stores.

    def text(self, *options: str) -> str:
        """glance-api.conf with one store."""
        given = {option.partition('=')[0].strip() for option in options}
        usual = {
            's3_store_host': self.service.s3_url,
            's3_store_access_key': self.service.access_key,
            's3_store_secret_key': self.service.secret_key,
            's3_store_bucket': BUCKET,
            's3_store_bucket_url_format': 'path'}
        return '\n'.join((
            '[DEFAULT]', 'enabled_backends = one:s3', '[one]',
            *(f'{k} = {v}' for k, v in usual.items() if k not in given),
            *options))

    def configure(self, *options: str) -> tuple[Any, dict[str, Any]]:
        """The driver, and the options of the sink, of one configuration."""
        driver = s3_driver.Store(
            helpers.load_conf(self.text(*options), str(self.path)), 'one')
        driver.configure(re_raise_bsc=True)
        return driver, self.describe(*options)

    def describe(self, *options: str) -> dict[str, Any]:
        described = s3_sink.S3Sink.describe(
            helpers.load_conf(self.text(*options), str(self.path)), 'one')
        text = json.dumps(described)
        self.assertNotIn(self.service.secret_key, text)
        value: dict[str, Any] = json.loads(text)
        return value

    def options(self, *options: str, **other: Any) -> dict[str, Any]:
        """With small parts and a short timeout."""
        return {**self.describe(*options), 'part_size': PART, 'timeout': 60,
                **other}

    def sink(self, *options: str, **other: Any) -> s3_sink.S3Sink:
        sink: s3_sink.S3Sink = self.noting(
            s3_sink.S3Sink('one', IMAGE, self.options(*options, **other)))
        return sink

    def undo(self, *options: str, **other: Any) -> bool:
        return s3_sink.S3Sink.undo('one', IMAGE,
                                   self.options(*options, **other),
                                   self.created)

    def where(self, driver: Any, url: str) -> location.Location:
        return location.Location('s3', s3_driver.StoreLocation, driver.conf,
                                 uri=url, backend='one')

    # What is there.

    def keys(self, bucket: str = BUCKET) -> list[str]:
        return [found['Key'] for found in self.client.list_objects_v2(
            Bucket=bucket).get('Contents', ())]

    def uploads(self, bucket: str = BUCKET) -> list[tuple[str, str]]:
        return [(found['Key'], found['UploadId']) for found in
                self.client.list_multipart_uploads(
                    Bucket=bucket).get('Uploads', ())]

    def stored(self, bucket: str = BUCKET, key: str = IMAGE) -> bytes | None:
        if key not in self.keys(bucket):
            return None
        return bytes(self.client.get_object(
            Bucket=bucket, Key=key)['Body'].read())

    def everything(self) -> list[str]:
        """Objects, unfinished uploads, and segments without a use."""
        found = [*self.keys(), *(key for key, _upload in self.uploads())]
        if isinstance(self.service, swift.Swift):
            found += [name for name in self.service.everything()
                      if name.startswith(BUCKET + '+segments/')]
        return found

    def assert_nothing_left(self) -> None:
        self.assertEqual([], self.everything())


class OnRadosGw:
    """Mixed in first: the same tests on a radosgw."""

    service_class: ClassVar[type[Service]] = radosgw.RadosGw
