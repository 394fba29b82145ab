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


"""The page "Quick start", followed to the letter on a real Glance."""

import configparser
import os
import subprocess
import sys

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import identity
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests import pages
from glance_lifecycle.tests import waiting

PAGE = pages.TOP / 'doc/source/install/quickstart.rst'
PROJECT = '3f2a5c0e9d7b4f1c8a6e0b9d2c4f6a81'

# What no test can do on this machine: it installs nothing, and has no such
# users.
_NOT_HERE = ('pip install ', 'chown glance ')
_USERS = ('-o glance -g glance ',)

# What is found in /etc/glance where nothing is said.
_FOUND = {
    'openstack image lifecycle doctor':
    'openstack image lifecycle doctor --config-dir /etc/glance',
    'glance-lifecycle-status upgrade check':
    'glance-lifecycle-status --config-file /etc/glance/glance-api.conf '
    'upgrade check',
    'openstack image lifecycle policy explain ubuntu':
    'openstack image lifecycle policy explain ubuntu '
    '--config-file /etc/glance/glance-api.conf',
}


class QuickStartTest(plugin_case.PluginTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.api = self.useFixture(glance.GlanceApi(
            stores={'bulk': 'file', 'fast': 'file'}))
        self.member = self.api.user('pat', PROJECT)
        images.make(self.work / 'ubuntu.qcow2', size=8 * images.MIB)
        self.blocks = [block.text for block in pages.blocks(PAGE)]

    def here(self, text: str) -> str:
        """The same with this test's directories."""
        for user in _USERS:
            text = text.replace(user, '')
        return text.replace('/etc/glance', str(self.api.etc)).replace(
            '/var/lib/glance/lifecycle', str(self.api.state_dir))

    def follow(self, text: str) -> None:
        """Write what the block has written, or run what it has run."""
        if text.startswith('version: 1'):
            (self.api.etc / 'lifecycle-policy.yaml').write_text(text)
        elif text.startswith('['):
            found = configparser.ConfigParser(interpolation=None)
            found.read_string(self.here(text))
            for section in found.sections():
                self.configure(section, dict(found[section]))
        else:
            for line in text.replace('\\\n', '').split('\n'):
                if not line.startswith(_NOT_HERE):
                    self.ran.append(line)
                    self.run_line(line)

    def configure(self, section: str, values: dict[str, str]) -> None:
        if section == 'image_import_opts':
            self.api.plugins = values['image_import_plugins'].strip(
                '[]').split(',')
            self.api.configure()
        else:
            self.api.configure(**{section: values})

    def run_line(self, line: str, code: int = 0) -> str:
        result = subprocess.run(
            ['bash', '-c', self.here(_FOUND.get(line, line))], cwd=self.work,
            env=self.environ(), text=True, capture_output=True, check=False,
            stdin=subprocess.DEVNULL, timeout=waiting.BOUND)
        self.assertEqual(code, result.returncode,
                         f'{line}\n{result.stdout}\n{result.stderr}')
        return result.stdout

    def environ(self) -> dict[str, str]:
        return {**self.api.environ(),
                'OS_AUTH_TYPE': 'admin_token',
                'OS_TOKEN': identity.token(
                    'pat', PROJECT, ['member', 'reader']),
                'OS_ENDPOINT': f'{self.api.url}/v2',
                'PATH': os.pathsep.join((f'{sys.prefix}/bin',
                                         os.environ['PATH']))}

    def test_to_the_letter(self) -> None:
        self.ran: list[str] = []
        demo, *blocks, refused = self.blocks
        self.assertEqual('tools/tox -e demo', demo)
        for text in blocks:
            if text.startswith('openstack image lifecycle doctor'):
                self.api.restart()
            self.follow(text)
        image, = self.member.list_images()
        self.assertEqual(('raw', 'active', True, {'bulk', 'fast'}), (
            image['disk_format'], image['status'], image['protected'],
            set(image['stores'].split(','))))
        self.assertEqual('image-service',
                         image['img_signature_certificate_uuid'])
        for store in ('bulk', 'fast'):
            self.assertTrue(self.api.stored_copy(
                image['id'], store).exists())
        self.assertIn('openstack image lifecycle verify ubuntu --config-file '
                      '/etc/glance/glance-api.conf', self.ran)
        # And without a signature.
        self.follow(refused)
        unsigned, = (one for one in self.member.list_images()
                     if one['name'] == 'unsigned')
        self.assertNotEqual('active', self.member.wait_import(
            unsigned['id'])['status'])
        self.assertIn('signature-required',
                      self.message(self.member, unsigned['id']))
