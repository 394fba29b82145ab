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

"""What an S3 store's options mean."""

import json
import sys
from typing import Any
from unittest import mock

from glance_store._drivers import s3 as s3_driver

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends.s3 import sink

MIB = 1024 * 1024
CHECKSUMS = 's3_store_request_checksum_calculation'
LEAST = ('s3_store_host = http://there:8080\ns3_store_access_key = access\n'
         's3_store_secret_key = hunter2\ns3_store_bucket = images\n')


class DescribeTest(helpers.TempDirTestCase):

    def describe(self, section: str = LEAST, shared: str = '',
                 general: str = '') -> dict[str, Any]:
        conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = one:s3\n[one]\n%s\n'
            '[backend_defaults]\n%s\n[lifecycle_transfer]\n%s\n' % (
                section, shared, general), self.path)
        text = json.dumps(sink.S3Sink.describe(conf, 'one'))
        self.assertNotIn('hunter2', text)
        self.assertNotIn('access', text)
        value: dict[str, Any] = json.loads(text)
        return value

    def test_defaults(self) -> None:
        self.assertEqual({
            'bucket': 'images', 'url': 's3://there:8080/images',
            'client': {'region_name': None, 'use_ssl': False, 'verify': None,
                       'endpoint_url': 'http://there:8080'},
            'config': {'s3': {'addressing_style': 'auto'},
                       'request_checksum_calculation': 'when_required',
                       'response_checksum_validation': 'when_required'},
            'embeds': '@' in s3_driver.Store.EXAMPLE_URL,
            'create': False, 'create_region': '', 'part_size': 10 * MIB,
            'senders': 10, 'timeout': 60,
            'config_files': [self.path + '/glance-api.conf'],
            'config_dirs': []}, self.describe())

    def test_others(self) -> None:
        described = self.describe(
            LEAST + 's3_store_region_name = mars\n'
            's3_store_create_bucket_on_put = true\n'
            's3_store_large_object_chunk_size = 20\n'
            's3_store_cacert = /ca\n'
            's3_store_bucket_url_format = path\n'
            's3_store_enable_data_integrity_protection = true\n'
            f'{CHECKSUMS} = when_supported\n',
            's3_store_thread_pools = 3\n', 'object_store_timeout = 7\n')
        self.assertEqual(
            ('mars', 'mars', 20 * MIB, '/ca', True, 3, 7, 'path',
             # An option of glance_store's later releases.
             'when_supported' if CHECKSUMS in {
                 opt.name for opt in s3_driver.Store.OPTIONS}
             else 'when_required'),
            (described['client']['region_name'], described['create_region'],
             described['part_size'], described['client']['verify'],
             described['create'], described['senders'],
             described['timeout'],
             described['config']['s3']['addressing_style'],
             described['config']['request_checksum_calculation']))

    def test_amazon(self) -> None:
        described = self.describe(LEAST.replace(
            'http://there:8080', 's3-eu-west-1.amazonaws.com'))
        self.assertEqual(
            ('eu-west-1', None, 'eu-west-1'),
            (described['client']['region_name'],
             described['client']['endpoint_url'],
             described['create_region']))
        self.assertEqual('s3://s3-eu-west-1.amazonaws.com/images',
                         described['url'])

    def test_refused(self) -> None:
        for section, text in (
                (LEAST.replace('s3_store_bucket = images', ''), 'set s3_sto'),
                (LEAST.replace('http://', ''), 'needs http://'),
                (LEAST + 's3_store_large_object_chunk_size = 4', '5 MiB'),
                (LEAST + 's3_store_thread_pools = -1', 'thread_pools'),
                (LEAST.replace('= images', '= No_Host\n') +
                 's3_store_bucket_url_format = virtual', 'host name')):
            with self.subTest(text):
                with self.assertRaisesRegex(exceptions.ConfigurationError,
                                            'store one: .*' + text):
                    self.describe(section)

    def test_missing_boto(self) -> None:
        for module in ('boto3', 'botocore'):
            with mock.patch.dict(sys.modules, {module: None}):
                with self.assertRaisesRegex(
                        exceptions.ConfigurationError,
                        module + r' is missing.*glance-lifecycle\[s3\]'):
                    self.describe()
        with mock.patch.dict(sys.modules, {'botocore.config': None}):
            with self.assertRaises(exceptions.ConfigurationError):
                s3_options.botocore('one', 'config')

    def test_location_as_the_driver_has_it(self) -> None:
        for host in ('http://there', 'https://there:443', 'https://there/',
                     'http://there/a/path/'):
            described = self.describe(LEAST.replace('http://there:8080', host))
            theirs = s3_driver.StoreLocation(
                {'scheme': 's3', 'bucket': 'images', 'key': helpers.IMAGE,
                 's3serviceurl': host}, None)
            theirs.process_specs()
            self.assertEqual(theirs.get_uri(), s3_options.location(
                described, helpers.IMAGE))


class SizesTest(helpers.TempDirTestCase):

    def test_parts(self) -> None:
        for configured, size, part in (
                (10, 0, 10), (10, 10 ** 9, 10), (5, 10 ** 9, 5),
                (100, 10 ** 9, 32), (10, 100_000 * MIB, 10),
                (10, 100_000 * MIB + 1, 11), (10, 1 << 40, 105),
                (0.25, 10 ** 9, 0.25)):
            with self.subTest(size):
                options = {'part_size': configured * MIB}
                got = s3_options.part_size(options, size)
                self.assertEqual(part * MIB, got)
                self.assertLessEqual(-(-size // got), 10000)

    def test_held(self) -> None:
        for senders, part, held in (
                (10, 10, 4), (10, 5, 9), (1, 10, 2), (10, 32, 2),
                (10, 60, 2), (10, 65, 1), (10, 105, 1)):
            with self.subTest(part):
                self.assertEqual(held, s3_options.parts_held(
                    {'senders': senders}, part * MIB))
