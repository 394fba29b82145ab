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

"""The matrix of tests of stored copies, for each source that reads them."""

import pathlib
import tempfile
from typing import Any
from typing import ClassVar

from glance_lifecycle import exceptions
from glance_lifecycle.tests.functional.stores import rbd_case
from glance_lifecycle.tests.functional.stores import s3_case
from glance_lifecycle.tests.functional.stores import source_case
from glance_lifecycle.tests.functional.stores import source_faults
from glance_lifecycle.tests.functional.stores import source_matrix
from glance_lifecycle.tests.functional.stores import swift_case
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.driver import source as driver_source
from glance_lifecycle.transfer.backends.file import sink as file_sink
from glance_lifecycle.transfer.backends.file import source as file_source
from glance_lifecycle.transfer.backends.rbd import source as rbd_source
from glance_lifecycle.transfer.backends.s3 import source as s3_source
from glance_lifecycle.transfer.backends.swift import source as swift_source

IMAGE = helpers.IMAGE
SECRET = source_case.SECRET
SINKS = 'glance_lifecycle.transfer.backends.'


class FileTest(source_matrix.SourceMatrix):

    entry = SINKS + 'file.sink:FileSink'
    source: ClassVar[Any] = file_source.StoredFile
    holes = True
    whole = True

    def setUp(self) -> None:
        super().setUp()
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.path = pathlib.Path(holder.name)
        self.directory = self.path / 'store'
        self.directory.mkdir()

    def sink_options(self) -> dict[str, Any]:
        return file_sink.FileSink.describe(self.source_conf(), 'one')

    def source_conf(self, *options: str) -> Any:
        given = options or (f'filesystem_store_datadir = {self.directory}',)
        return helpers.load_conf('\n'.join((
            '[DEFAULT]', 'enabled_backends = one:file', '[one]', *given)),
            str(self.path))

    def foreign(self) -> list[str]:
        return ['file:///etc/shadow', f'file://{self.path}/{SECRET}',
                f'file://{self.directory}/../{SECRET}']

    def refused(self) -> dict[str, tuple[str, ...]]:
        return {'not one of this store': (
            f'filesystem_store_datadir = {self.path}',)}


class AdapterTest(FileTest):
    """The same store, read as glance_store's driver reads it."""

    source = driver_source.StoredStream
    holes = False

    def foreign(self) -> list[str]:
        return [f'swift://a:{SECRET}@host/c/o', 'rbd://other']

    def refused(self) -> dict[str, tuple[str, ...]]:
        # It reads by the location alone.
        return {}


class RbdTest(source_matrix.SourceMatrix, rbd_case.RbdTestCase):

    entry = SINKS + 'rbd.sink:RbdSink'
    source = rbd_source.StoredRbd
    unit: ClassVar[int] = 8 * rbd_case.MIB
    holes = True

    def sink_options(self) -> dict[str, Any]:
        return self.options()

    def source_conf(self, *options: str) -> Any:
        usual = {'rbd_store_pool': 'images', 'rbd_store_user': 'glance',
                 'rbd_store_ceph_conf': self.cluster.conf,
                 'rados_connect_timeout': 10}
        given = {option.partition('=')[0].strip() for option in options}
        return helpers.load_conf('\n'.join((
            '[DEFAULT]', 'enabled_backends = one:rbd', '[one]',
            *(f'{k} = {v}' for k, v in usual.items() if k not in given),
            *options)), str(self.path))

    def foreign(self) -> list[str]:
        return ['rbd://other', f'rbd://other/images/{IMAGE}/snap',
                'rbd://a/b/c', 'rbd:////', f's3://a:{SECRET}@host/b/c']

    def refused(self) -> dict[str, tuple[str, ...]]:
        return {'does not accept|no such user|ENOENT|EPERM|EACCES|ENOTSUP|'
                'keyring': ('rbd_store_user = nobody',)}

    def test_removed_while_it_is_read(self) -> None:
        """librbd reads zeros then, which only a digest can tell."""
        content = helpers.noise(9 * source_case.MIB)
        url = self.put(helpers.Image(content))
        with self.opened(url) as source:
            self.remove()
            buffer = memoryview(bytearray(len(content)))
            source.read_into(0, buffer)
            self.assertFalse(any(buffer))
        with self.assertRaises(exceptions.CopyMissing):
            with self.opened(url):
                pass

    def test_replaced_while_it_is_read(self) -> None:
        """As if it was removed: it is never a mixture."""
        content = helpers.noise(9 * source_case.MIB)
        with self.opened(self.put(helpers.Image(content))) as source:
            self.put(helpers.Image(content[::-1]))
            buffer = memoryview(bytearray(len(content)))
            source.read_into(0, buffer)
            self.assertFalse(any(buffer))

    def test_fingerprint(self) -> None:
        super().test_fingerprint()
        # Old locations name no snapshot, whose bytes nobody could change.
        self.put(helpers.Image(b'12345'))
        with self.opened(f'rbd://{IMAGE}') as source:
            self.assertEqual('', source.fingerprint)


class S3Test(source_matrix.SourceMatrix, source_faults.SourceFaults,
             s3_case.S3TestCase):
    """The S3 API of Swift."""

    entry = SINKS + 's3.sink:S3Sink'
    source = s3_source.StoredS3
    unit = s3_case.PART

    def sink_options(self) -> dict[str, Any]:
        return self.options()

    def source_conf(self, *options: str) -> Any:
        return helpers.load_conf(self.text(*options), str(self.path))

    def foreign(self) -> list[str]:
        host = self.service.s3_url.partition('://')[2]
        return [f's3://a:{SECRET}@elsewhere/{s3_case.BUCKET}/{IMAGE}',
                f's3://a:x/{SECRET}@{host}/nowhere/{IMAGE}',
                f's3://a:x/{SECRET}@{host}/{s3_case.BUCKET}/other',
                f's3://{host}/{SECRET}', f'swift://{host}/a/{SECRET}']

    def refused(self) -> dict[str, tuple[str, ...]]:
        return {'does not belong to s3_store_access_key': (
            f's3_store_secret_key = {SECRET}',)}

    def service_fixture(self) -> Any:
        return self.service

    def service_port(self) -> int:
        return int(self.service.s3_url.rpartition(':')[2])

    def through(self, options: dict[str, Any], url: str) -> None:
        options['client']['endpoint_url'] = url

    def test_keys_in_the_location(self) -> None:
        """Those of old are not used: the store's may have changed."""
        url = self.put(helpers.Image(b'12345')).replace(
            '://', f'://old:x/{SECRET}@')
        with self.opened(url) as source:
            self.assertEqual(5, source.virtual_size)


class RadosGwTest(s3_case.OnRadosGw, S3Test):
    pass


class SwiftTest(source_matrix.SourceMatrix, source_faults.SourceFaults,
                swift_case.SwiftTestCase):

    entry = SINKS + 'swift.sink:SwiftSink'
    source = swift_source.StoredSwift
    unit = swift_case.SEGMENT

    def sink_options(self) -> dict[str, Any]:
        return self.options()

    def source_conf(self, *options: str) -> Any:
        return helpers.load_conf(self.text(*options), str(self.path))

    def foreign(self) -> list[str]:
        address = self.swift.identity.url.partition('://')[2]
        return [f'swift+http://a:b:{SECRET}@elsewhere/v3/glance/{IMAGE}',
                f'swift+http://a:b:{SECRET}@{address}/nowhere/{IMAGE}',
                f'swift+http://a:b:{SECRET}@{address}/glance/other',
                f'swift+config://other/glance/{IMAGE}',
                f'swift+http://{SECRET}', f's3://{address}/a/{SECRET}']

    def refused(self) -> dict[str, tuple[str, ...]]:
        return {'does not accept the user or the key': (
            f'swift_store_key = {SECRET}',)}

    def service_fixture(self) -> Any:
        return self.swift

    def service_port(self) -> int:
        return int(self.swift.url.rpartition(':')[2])

    def through(self, options: dict[str, Any], url: str) -> None:
        options['endpoint'] = f'{url}/v1/AUTH_glance'

    def test_by_reference(self) -> None:
        """Accounts in a file of their own, or not any more."""
        accounts = self.path / 'accounts.conf'
        accounts.write_text(
            '[mine]\nuser = glance:swift\nkey = swiftsecret\n'
            f'auth_address = {self.swift.identity.url}\n')
        options = (f'swift_store_config_file = {accounts}',
                   'default_swift_reference = mine')
        # It was stored before there was such a file.
        url = self.put(helpers.Image(b'12345'))
        for place in (url, f'swift+config://mine/glance/{IMAGE}'):
            with self.opened(place, 5, *options) as source:
                self.assertEqual(5, source.virtual_size)
