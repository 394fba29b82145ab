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

"""What a Swift store's options mean."""

import json
import logging
import sys
from typing import Any
from unittest import mock

from glance_store._drivers.swift import store as swift_driver

from glance_lifecycle import exceptions
from glance_lifecycle.tests.unit.transfer.backends import helpers
from glance_lifecycle.transfer.backends.swift import options as swift_options
from glance_lifecycle.transfer.backends.swift import sink

LEAST = ('swift_store_auth_address = https://there:5000/v3\n'
         'swift_store_user = project:name\nswift_store_key = hunter2\n')
MB = 1024000


class DescribeTest(helpers.TempDirTestCase):

    def setUp(self) -> None:
        super().setUp()
        # The driver logs what it refuses, with a traceback.
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)

    def describe(self, section: str = LEAST,
                 shared: str = '') -> dict[str, Any]:
        conf = helpers.load_conf(
            '[DEFAULT]\nenabled_backends = one:swift\n[one]\n%s\n'
            '[backend_defaults]\n%s\n' % (section, shared), self.path)
        text = json.dumps(sink.SwiftSink.describe(conf, 'one'))
        self.assertNotIn('hunter2', text)
        value: dict[str, Any] = json.loads(text)
        return value

    def references(self, text: str) -> str:
        path = self.path + '/swift.conf'
        with open(path, 'w') as stream:
            stream.write(text)
        return 'swift_store_config_file = %s\n' % path

    def test_defaults(self) -> None:
        self.assertEqual({
            'container': 'glance', 'seed': 0, 'create': False,
            'reference': '', 'endpoint': '', 'region': '',
            'service_type': 'object-store', 'endpoint_type': 'publicURL',
            'insecure': False, 'cacert': '', 'account_file': '',
            'single_below': 5120 * MB,
            'segment_size': 200 * MB, 'timeout': 60,
            'config_files': [self.path + '/glance-api.conf'],
            'config_dirs': []}, self.describe())

    def test_shared(self) -> None:
        described = self.describe(
            LEAST + 'swift_store_container = pictures\n',
            'swift_store_multiple_containers_seed = 2\n'
            'swift_store_large_object_chunk_size = 1\n')
        self.assertEqual(('pictures', 2, MB), (
            described['container'], described['seed'],
            described['segment_size']))

    def test_reference(self) -> None:
        section = self.references(
            '[mine]\nuser = project:name\nkey = "hunter2"\n'
            'auth_address = http://there\n'
            # The older releases of glance_store want it said.
            'auth_version = 3\n')
        self.assertEqual('mine', self.describe(
            section + 'default_swift_reference = mine')['reference'])

    def test_application_credential(self) -> None:
        options = {opt.name for opt in swift_driver.BaseStore.OPTIONS}
        if 'swift_store_application_credential_id' not in options:
            self.skipTest('not in this release of glance_store')
        self.describe('swift_store_auth_address = http://there\n'
                      'swift_store_application_credential_id = id\n'
                      'swift_store_application_credential_secret = hunter2\n')

    def test_refused(self) -> None:
        # glance_store's parser keeps what it read before: another name.
        incomplete = self.references('[half]\nuser = hunter2\n')
        for section, text in (
                (LEAST + 'swift_store_multi_tenant = true', 'mode staged'),
                (LEAST + 'swift_store_container =', 'swift_store_container'),
                (LEAST.replace('project:', ''), 'PROJECT:NAME'),
                (LEAST.replace('project:', 'a:b:'), 'PROJECT:NAME'),
                ('', 'swift_store_user'),
                (incomplete, 'set default_swift_reference'),
                (incomplete + 'default_swift_reference = half', 'complete'),
                (incomplete + 'default_swift_reference = gone', 'gone'),
                ('swift_store_config_file = /nowhere\n'
                 'default_swift_reference = mine\n', 'file')):
            with self.subTest(text):
                with self.assertRaisesRegex(
                        exceptions.ConfigurationError,
                        'store one: .*' + text) as caught:
                    self.describe(section)
                self.assertNotIn('hunter2', str(caught.exception))

    def test_missing_library(self) -> None:
        for module in ('swiftclient', 'keystoneauth1'):
            with mock.patch.dict(sys.modules, {module: None}):
                with self.assertRaisesRegex(
                        exceptions.ConfigurationError,
                        module + r' is missing.*glance-lifecycle\[swift\]'):
                    self.describe()


class NamesTest(helpers.TempDirTestCase):

    def test_container_as_the_driver_has_it(self) -> None:
        for seed in (0, 1, 8, 9, 10, 32):
            for image in (helpers.IMAGE, helpers.IMAGE.upper()):
                conf = helpers.load_conf(
                    '[one]\nswift_store_multiple_containers_seed = %d\n' %
                    seed + LEAST, self.path)
                for group in ('one', 'backend_defaults'):
                    conf.register_opts(swift_driver.BaseStore.OPTIONS,
                                       group=group)
                driver = swift_driver.Store(conf, 'one')
                self.assertEqual(
                    driver.get_container_name(image, 'glance'),
                    swift_options.container(
                        {'container': 'glance', 'seed': seed}, image))

    def test_location_as_the_driver_has_it(self) -> None:
        for address in ('http://there/v3', 'https://there:5000/v3/',
                        'there:5000'):
            for user, key in (('p:n', 'k'), ('p q:n', 'a/b@c:%'),
                              (None, None)):
                theirs = swift_driver.StoreLocation(
                    {'scheme': 'swift+http' if address.startswith('http:')
                     else 'swift+https', 'container': 'a b', 'obj': 'x',
                     'auth_or_store_url': address, 'user': user,
                     'key': key}, None)
                theirs.process_specs()
                self.assertEqual(theirs.get_uri(), swift_options.location(
                    {'reference': '', 'seed': 0, 'container': 'a b'},
                    {'auth_address': address, 'user': user, 'key': key},
                    'x'))

    def test_segments(self) -> None:
        image = helpers.IMAGE
        for number in (1, 99999):
            self.assertTrue(swift_options.is_segment(
                image, swift_options.segment_name(image, number)))
        self.assertTrue(swift_options.is_segment(image, image + '-100000'))
        for name in (image, image + '-', image + '-0001', image + '-abcde',
                     image + '-00001-00001', image + '00001', '-00001',
                     image + '-\u0661\u0661\u0661\u0661\u0661'):
            self.assertFalse(swift_options.is_segment(image, name), name)

    def test_sizes(self) -> None:
        options = {'single_below': 100, 'segment_size': 10}
        self.assertFalse(swift_options.is_segmented(options, 99))
        self.assertTrue(swift_options.is_segmented(options, 100))
        self.assertEqual(10, swift_options.segment_size(options, 1000))
        size = 99999 * 10 + 1
        self.assertEqual(11, swift_options.segment_size(options, size))
