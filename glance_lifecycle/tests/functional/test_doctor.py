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

"""The doctor's data are those of the installed Glance; and it asks a real one.
"""

import pathlib
import subprocess
import sys

import testtools

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import keystone
from glance_lifecycle.tests.functional.fixtures import openstack

TOOL = pathlib.Path(__file__).parents[3] / 'tools/doctor-options'


class OptionsDataTest(testtools.TestCase):

    def test_as_installed(self) -> None:
        """tools/doctor-options makes what is shipped, for each release."""
        done = subprocess.run(
            [sys.executable, str(TOOL), '--check'], capture_output=True,
            text=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)


class LiveTest(base.FunctionalTestCase):
    """``doctor --live``, with files of the same host and without."""

    def setUp(self) -> None:
        super().setUp()
        self.identity = self.useFixture(keystone.Keystone())
        self.api = self.useFixture(glance.GlanceApi(identity=self.identity))
        self.identity.register('image', self.api.url)
        self.admin = self.api.keystone_user('admin')

    def ask(self, *argv: str) -> tuple[int, dict[str, str]]:
        """The exit code, and code -> evidence of what services say."""
        answer = openstack.OpenStack(self.api, 'admin').spawn(
            'image', 'lifecycle', 'doctor', '--live', '-f', 'json',
            '--config-dir', str(self.api.etc), *argv)
        self.assertNotIn('Traceback', answer.stderr)
        self.assertIn(answer.json['asked'], ('', f'{self.api.url}/v2'))
        self.assertIn('GLC901', answer.json['checks'])
        return answer.code, {
            one['code']: one['evidence'] for one in answer.json['findings']
            if one['code'].startswith('GLC9')}

    def test_all_well(self) -> None:
        self.admin.upload(self.admin.create_image(
            disk_format='raw')['id'], b'x')
        self.assertEqual({}, self.ask()[1])

    def test_not_restarted(self) -> None:
        """The file was changed, and the service does not know."""
        self.api.stores = {'s1': 'file', 'new': 'file'}
        self.api.configure(DEFAULT={
            'enabled_import_methods': ['glance-direct'],
            'use_keystone_limits': 'true'})
        code, found = self.ask()
        self.assertEqual(1, code)
        self.assertEqual(['GLC902', 'GLC903', 'GLC905'], sorted(found))
        self.assertIn('s1, s2, s3, and the file new, s1', found['GLC903'])
        self.assertIn('the file says glance-direct.', found['GLC902'])
        self.assertIn('image_count_uploading', found['GLC905'])

    def test_stuck(self) -> None:
        image = self.admin.create_image(disk_format='raw')
        self.admin.stage(image['id'], b'x')
        self.assertEqual({}, self.ask()[1])
        self.api.sql("update images set updated_at = '2020-01-01 00:00:00'")
        self.assertEqual({'GLC907': '1 images have been uploading for an '
                          'hour or longer.'}, self.ask()[1])

    def test_away(self) -> None:
        """Nothing is called well that could not be asked."""
        self.api.stop()
        code, found = self.ask()
        self.assertEqual(['GLC901', 'GLC909'], sorted(found))
        self.assertIn('The Image service did not ', found['GLC901'])
        self.assertNotEqual(0, code)
