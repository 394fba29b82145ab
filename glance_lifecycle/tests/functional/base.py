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

"""What every functional test has."""

import logging
import pathlib

import fixtures
from oslotest import base
from testtools import content

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import details
from glance_lifecycle.tests.functional.fixtures import forking
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests import waiting

forking.allowed = True


class FunctionalTestCase(base.BaseTestCase):
    """A test with a directory of its own, and helpers it reads well with.

    A missing Debian package fails the test and says so; nothing is skipped.
    OS_TEST_TIMEOUT, in seconds, is when a test is given up; no test says how
    long anything takes: see ``waiting``.
    """

    DEFAULT_TIMEOUT = waiting.DEFAULT

    def setUp(self) -> None:
        super().setUp()
        # A failing test shows what Glance said, not each poll for it. The
        # client of S3 logs 17 KB of each request, and every byte of its body.
        for noisy in ('urllib3', 'botocore', 'swiftclient'):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def getDetails(self) -> dict[str, content.Content]:
        return {name: details.bounded(one)
                for name, one in super().getDetails().items()}

    def assert_stored(self, api: glance.GlanceApi, image: client.Image,
                      expected: images.Reference, *stores: str) -> None:
        """The image is active, and each store holds exactly those bytes."""
        self.assertEqual('active', image['status'])
        self.assertEqual(
            sorted(stores), sorted(image['stores'].split(',')))
        self.assertEqual(
            (expected.size, expected.md5, 'sha512', expected.sha512),
            (image['size'], image['checksum'], image['os_hash_algo'],
             image['os_hash_value']))
        for store in stores:
            self.assertEqual(expected, images.digests(
                api.stored_copy(image['id'], store)))
