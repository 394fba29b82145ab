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

"""Every sink, the same tests."""

import logging
import os
import tempfile
from typing import Any
from typing import ClassVar

from oslo_config import cfg

from glance_lifecycle.tests.functional.stores import matrix
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.functional.stores import swift_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.driver import sink as driver_sink
from glance_lifecycle.transfer.backends.swift import options as swift_options

SINKS = 'glance_lifecycle.transfer.backends.'


class NullTest(matrix.Matrix):

    entry = SINKS + 'null.sink:NullSink'
    keeps = False

    def matrix_options(self) -> dict[str, Any]:
        return {}

    def content(self) -> None:
        return None

    def left(self) -> list[str]:
        return []


class DirectoryMatrix(matrix.Matrix):
    """Sinks that write files."""

    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.work = holder.name
        self.directory = os.path.join(holder.name, 'store')
        os.mkdir(self.directory)

    def content(self) -> bytes | None:
        try:
            with open(os.path.join(self.directory, helpers.IMAGE),
                      'rb') as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def left(self) -> list[str]:
        return os.listdir(self.directory)


class FileTest(DirectoryMatrix):

    entry = SINKS + 'file.sink:FileSink'
    holes = True

    def matrix_options(self) -> dict[str, Any]:
        return helpers.file_options(self.directory)

    def put_foreign(self, content: bytes) -> None:
        with open(os.path.join(self.directory, helpers.IMAGE),
                  'wb') as stream:
            stream.write(content)


class DriverTest(DirectoryMatrix):
    """The adapter, with the stock driver for files."""

    entry = SINKS + 'driver.sink:DriverSink'
    hides = False
    tells_living = False

    def put_foreign(self, content: bytes) -> None:
        with open(os.path.join(self.directory, helpers.IMAGE),
                  'wb') as stream:
            stream.write(content)

    def setUp(self) -> None:
        super().setUp()
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        self.addCleanup(cfg.CONF.reset)
        cfg.CONF.reset()
        self._conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = one:file\n'
            f'[one]\nfilesystem_store_datadir = {self.directory}\n',
            self.work, cfg.CONF)

    def matrix_options(self) -> dict[str, Any]:
        return driver_sink.DriverSink.describe(self._conf, 'one')


# It has no sink of its own to test.
del DirectoryMatrix


class RbdTest(matrix.Matrix, rbd_case.RbdTestCase):

    entry = SINKS + 'rbd.sink:RbdSink'
    unit: ClassVar[int] = 8 * rbd_case.MIB
    # The image is there, without the snapshot that Glance and Nova read.
    holes = True
    shares_name = False

    def matrix_options(self) -> dict[str, Any]:
        return self.options()

    def matrix_away(self) -> dict[str, Any]:
        return self.options(pool='nowhere')

    def put_unfinished(self) -> None:
        self.cluster.rbd('create', f'images/{helpers.IMAGE}', '--size', '9M')

    def content(self) -> bytes | None:
        if not any(snap[0] == 'snap' for name in
                   self.cluster.images('images')
                   for snap in self.facts(name)['snaps']):
            return None
        return self.stored()

    def left(self) -> list[str]:
        return self.cluster.objects('images')


class S3Test(matrix.Matrix, s3_case.S3TestCase):
    """The S3 API of Swift."""

    entry = SINKS + 's3.sink:S3Sink'
    unit = s3_case.PART

    def matrix_options(self) -> dict[str, Any]:
        return self.options()

    def content(self) -> bytes | None:
        return self.stored()

    def left(self) -> list[str]:
        return self.everything()

    def matrix_away(self) -> dict[str, Any]:
        return self.options('s3_store_bucket = nowhere')

    def put_unfinished(self) -> None:
        begun = self.client.create_multipart_upload(
            Bucket=s3_case.BUCKET, Key=helpers.IMAGE)
        self.client.upload_part(
            Bucket=s3_case.BUCKET, Key=helpers.IMAGE, PartNumber=1,
            UploadId=begun['UploadId'], Body=b'theirs')

    def put_foreign(self, content: bytes) -> None:
        self.client.put_object(Bucket=s3_case.BUCKET, Key=helpers.IMAGE,
                               Body=content)


class RadosGwTest(s3_case.OnRadosGw, S3Test):
    pass


class SwiftTest(matrix.Matrix, swift_case.SwiftTestCase):

    entry = SINKS + 'swift.sink:SwiftSink'
    unit = swift_case.SEGMENT

    def matrix_options(self) -> dict[str, Any]:
        return self.options()

    def content(self) -> bytes | None:
        return self.stored()

    def left(self) -> list[str]:
        return self.swift.everything()

    def matrix_away(self) -> dict[str, Any]:
        return self.options('swift_store_container = nowhere')

    def put_unfinished(self) -> None:
        for number in (1, 2, 3):
            self.client.put_object(
                swift_case.CONTAINER,
                swift_options.segment_name(helpers.IMAGE, number), b'theirs')

    def put_foreign(self, content: bytes) -> None:
        self.client.put_object(swift_case.CONTAINER, helpers.IMAGE, content)
