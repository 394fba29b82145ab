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

"""The lifecycle policy at import, on a real Glance."""

import os
import pathlib
import time
from typing import Any

import yaml

from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import gate
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional import plugin_case

GOLDEN = {
    'name': 'golden', 'match': {'tags': 'golden'},
    'place': {'stores': ['s2', 's3'], 'combine': 'policy-only',
              'copies': 'exact'},
    'protect': {'protected': True},
    'visibility': {'allowed': ['private', 'shared'], 'hidden': True},
    'metadata': {'set_properties': {'class': 'gold'},
                 'set_tags': ['approved'],
                 'forbid_properties': ['hw_debug*']}}
SMALL = {'name': 'small', 'match': {'name': 'small-*'},
         'require': {'max_virtual_size': '4 MiB', 'formats': ['qcow2'],
                     'properties': {'os_distro': {'present': True}}}}
EXTRA = {'name': 'extra', 'match': {'properties': {'copies': 'more'}},
         'place': {'stores': ['s3']}}
KEPT = {'name': 'kept', 'match': {'properties': {'format': 'as-is'}},
        'convert': {'to_raw': 'never'}}
RULES = [GOLDEN, SMALL, EXTRA, KEPT]


class PolicyTestCase(plugin_case.PluginTestCase):

    mode = 'auto'

    def setUp(self) -> None:
        super().setUp()
        self.policy = self.work / 'policy.yaml'
        self.write(RULES)
        self.api = self.new_api(conf={'lifecycle': {
            'mode': self.mode, 'policy_file': self.policy}})
        self.user = self.api.user()
        self.source = images.make(self.work / 'a.qcow2', size=8 * images.MIB)
        self.expected = images.reference(self.source, 'qcow2')

    def write(self, rules: list[dict[str, Any]]) -> None:
        self.replace(yaml.safe_dump({'version': 1, 'rules': rules}))

    def replace(self, text: str) -> None:
        """As an editor or a deployment tool does it."""
        new = self.work / 'new.yaml'
        new.write_text(text)
        # A file changed within the last second may not be whole yet.
        os.utime(new, (time.time() - 5,) * 2)
        os.replace(new, self.policy)

    def import_it(self, source: pathlib.Path | None = None,
                  stores: list[str] | None = None,
                  **attributes: Any) -> client.Image:
        image_id = self.staged(self.user, source or self.source, 'qcow2',
                               **attributes)
        self.user.import_image(image_id, stores=stores or ['s1'])
        return self.user.wait_import(image_id)

    def assert_refused(self, image: client.Image, *said: str) -> None:
        message = self.message(self.user, image['id'])
        for text in said:
            self.assertIn(text, message)
        self.assertEqual(('queued', []),
                         (image['status'], image['locations']))
        self.assertFalse(image['protected'])


class DirectTest(PolicyTestCase):

    def test_golden(self) -> None:
        image = self.import_it(tags=['golden'], os_distro='demo')
        self.assert_stored(self.api, image, self.expected, 's2', 's3')
        self.assert_lists(image)
        self.assertEqual(
            (True, True, 'gold', 'demo', ['approved', 'golden']),
            (image['protected'], image['os_hidden'], image['class'],
             image['os_distro'], sorted(image['tags'])))
        self.assert_nothing_left(self.api, image['id'])

    def test_every_violation_at_once(self) -> None:
        image = self.import_it(name='small-one', tags=['golden'],
                               visibility='community', hw_debug_all='yes')
        self.assert_refused(
            image, '(size-limit)', 'virtual size', 'os_distro',
            'visibility is community', 'hw_debug_all',
            'rule small of the lifecycle policy',
            'rule golden of the lifecycle policy')

    def test_union_with_what_was_asked(self) -> None:
        image = self.import_it(copies='more', stores=['s1'])
        self.assert_stored(self.api, image, self.expected, 's1', 's3')
        image = self.import_it(stores=['s1'])
        self.assert_stored(self.api, image, self.expected, 's1')

    def test_not_converted(self) -> None:
        image = self.import_it(format='as-is')
        self.assertEqual('qcow2', image['disk_format'])
        self.assert_stored(self.api, image, images.digests(self.source),
                           's1')

    def test_signature_required(self) -> None:
        self.write([{**GOLDEN, 'require': {'signature': 'always'}}])
        self.assert_refused(self.import_it(tags=['golden']),
                            '(signature-required)', 'rule golden')
        self.assertEqual('active', self.import_it()['status'])

    def test_changed_while_running(self) -> None:
        self.assertTrue(self.import_it(tags=['golden'])['protected'])
        self.write([KEPT])
        self.assertFalse(self.import_it(tags=['golden'])['protected'])

    def test_broken_while_running(self) -> None:
        """The last good one stays in force, and the log says so."""
        self.import_it()
        for text in ('version: 1\nrules: [', 'version: 2', ''):
            self.replace(text)
            self.assertTrue(self.import_it(tags=['golden'])['protected'])
        self.policy.unlink()
        self.assertTrue(self.import_it(tags=['golden'])['protected'])
        self.assertIn(str(self.policy), self.api.log_text())

    def test_broken_from_the_start(self) -> None:
        """Nothing is guessed: nothing is imported."""
        self.replace('version: 1\nrules:\n- name: a\n  protekt: {}\n')
        self.api.restart()
        image = self.import_it()
        self.assertEqual('uploading', image['status'])
        message = self.message(self.user, image['id'])
        self.assertIn('line 4', message)
        self.assertIn('did you mean protect?', message)
        self.write(RULES)
        self.user.import_image(image['id'])
        self.assertEqual(
            'active', self.user.wait_import(image['id'])['status'])


class StagedTest(PolicyTestCase):

    mode = 'staged'

    def test_golden(self) -> None:
        image = self.import_it(tags=['golden'], stores=['s2', 's3'])
        self.assert_stored(self.api, image, self.expected, 's2', 's3')
        self.assertEqual((True, True, 'gold'), (
            image['protected'], image['os_hidden'], image['class']))

    def test_other_stores_than_asked(self) -> None:
        """Glance uploads to those that were asked for, whoever decides."""
        image = self.import_it(tags=['golden'])
        self.assertEqual(('uploading', False, []), (
            image['status'], image['protected'], image['locations']))
        self.assertIn('Ask for exactly these stores',
                      self.message(self.user, image['id']))

    def test_failed_upload(self) -> None:
        """What failed is not protected: its owner may delete it."""
        broken = self.api.store_dir('s3')
        broken.rmdir()
        broken.write_text('no directory')
        image = self.import_it(tags=['golden'], stores=['s2', 's3'])
        self.assertEqual(('uploading', False),
                         (image['status'], image['protected']))
        self.user.delete(image['id'])


class KilledTest(plugin_case.PluginTestCase):

    def test_recovered_image_is_not_protected(self) -> None:
        """Killed between the change of the record and the activation."""
        policy = self.work / 'policy.yaml'
        policy.write_text(yaml.safe_dump({'version': 1, 'rules': [
            {'name': 'all', 'protect': {'protected': True}}]}))
        here = self.useFixture(gate.Gate())
        api: glance.GlanceApi = self.new_api(
            conf={'lifecycle': {'mode': 'staged', 'policy_file': policy}},
            plugins=['lifecycle', 'gate'], python_path=[here.path])
        user = api.user()
        image_id = self.staged(user, images.make(self.work / 'a.qcow2'))
        user.import_image(image_id)
        here.wait()
        self.assertTrue(user.get(image_id)['protected'])
        api.kill9()
        here.open()
        api.start()
        self.recover(api)
        image = user.get(image_id)
        self.assertEqual(('uploading', False),
                         (image['status'], image['protected']))
        user.delete(image_id)
