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

"""What is stored of an image, and whether it is right."""

import os

from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import store_case


class ShowVerifyTest(store_case.StoreCase):

    def setUp(self) -> None:
        self.api = self.useFixture(glance.GlanceApi())
        super().setUp()

    def two_copies(self) -> str:
        image_id = self.new_image(self.sparse())
        self.rows('copy', image_id, '--to', 's2')
        return image_id

    def test_show(self) -> None:
        image_id = self.two_copies()
        found = self.rows('show', image_id)
        self.assertEqual(['s1', 's2'], sorted(found))
        for store in found:
            self.assertEqual(
                ('file', 'yes', 64 * images.MIB, 'sha512', ''),
                tuple(found[store][name] for name in (
                    'Type', 'Present', 'Size', 'Hash', 'Detail')))
        # The driver wrote the zeros, the copy is sparse.
        self.assertEqual(64 * images.MIB, found['s1']['Allocated'])
        self.assertLess(found['s2']['Allocated'], 16 * images.MIB)
        # The copy has read all of the one, and only written the other.
        self.assertRegex(found['s1']['Verified'], r'^20\d\d-\d\d-\d\dT')
        self.assertEqual('', found['s2']['Verified'])

    def test_show_without_a_host(self) -> None:
        image_id = self.two_copies()
        for who in (self.operator(), openstack.OpenStack(
                self.api, 'admin', 'admin', 'reader')):
            answer = who.spawn('image', 'lifecycle', 'store', 'show',
                               image_id, '-f', 'json')
            self.assertEqual(0, answer.code, str(answer))
            found = self.by_store(answer)
            self.assertEqual(['s1', 's2'], sorted(found))
            self.assertEqual('unknown', found['s1']['Present'])
            self.assertIn('no configuration', found['s1']['Detail'])
        answer = self.operator().spawn('image', 'lifecycle', 'store',
                                       'verify', image_id)
        self.assertEqual(1, answer.code)
        self.assertIn('Run it on a host of glance-api', answer.stderr)

    def test_verify(self) -> None:
        image_id = self.two_copies()
        found = self.rows('verify', image_id)
        self.assertEqual({'s1': 'verified', 's2': 'verified'},
                         {s: row['Result'] for s, row in found.items()})
        self.assertLess(found['s2']['Read'], 16 * images.MIB)
        for row in self.rows('show', image_id).values():
            self.assertTrue(row['Verified'])
        self.assert_nothing_left(self.api, image_id)

    def test_corrupt(self) -> None:
        image_id = self.two_copies()
        self.rows('verify', image_id)
        path = self.api.stored_copy(image_id, 's2')
        self.corrupt(path)
        os.utime(path, (1, 1))
        shown = self.rows('show', image_id)
        self.assertIn('it changed since it was verified at',
                      shown['s2']['Detail'])
        self.assertEqual('', shown['s2']['Verified'])
        found = self.rows('verify', image_id, code=1)
        self.assertEqual({'s1': 'verified', 's2': 'corrupt'},
                         {s: row['Result'] for s, row in found.items()})
        self.assertIn('and must be ' + self.admin.get(
            image_id)['os_hash_value'], found['s2']['Detail'])
        self.assertEqual({'s1': 'verified'}, self.results(
            'verify', image_id, '--store', 's1'))
        # As it was: the record is gone with the bad result.
        self.corrupt(path)
        self.assertEqual('', self.rows('show', image_id)['s2']['Verified'])

    def test_short_missing_and_link(self) -> None:
        image_id = self.two_copies()
        path = self.api.stored_copy(image_id, 's2')
        os.truncate(path, 1000)
        self.assertIn('it has 1000 bytes', self.rows(
            'show', image_id)['s2']['Detail'])
        self.assertEqual('corrupt', self.results(
            'verify', image_id, code=1)['s2'])
        path.unlink()
        self.assertEqual('no', self.rows('show', image_id)['s2']['Present'])
        self.assertEqual('missing', self.results(
            'verify', image_id, code=1)['s2'])
        path.symlink_to(self.api.stored_copy(image_id, 's1'))
        self.assertEqual('unreadable', self.results(
            'verify', image_id, code=1)['s2'])

    def test_unknown(self) -> None:
        image_id = self.new_image(b'x' * 1000)
        self.assertIn('has no copy in store s9', self.run_store(
            'verify', image_id, '--store', 's9', code=1).stderr)
        self.assertIn('There is no image nothing', self.run_store(
            'show', 'nothing', code=1).stderr)

    def test_no_hash(self) -> None:
        image_id = self.new_image(b'x' * 1000)
        self.api.sql("update images set os_hash_value = null")
        self.assertIn('has no os_hash_value', self.run_store(
            'verify', image_id, code=1).stderr)
        self.assertEqual('none', self.rows('show', image_id)['s1']['Hash'])

    def test_the_wrong_cloud(self) -> None:
        other = self.useFixture(glance.GlanceApi())
        image = other.admin().create_image(disk_format='raw')
        other.admin().upload(image['id'], b'x')
        who = openstack.OpenStack(other, 'admin', 'admin', 'admin')
        answer = who.spawn(*self.words('show', image['id']))
        self.assertEqual(1, answer.code)
        self.assertIn('Is this a host of the cloud', answer.stderr)

    def test_not_as_another_user(self) -> None:
        """What root writes, Glance could not remove."""
        image_id = self.new_image(b'x' * 1000)
        os.chown(self.api.state_dir, 65534, 65534)
        self.addCleanup(os.chown, self.api.state_dir, 0, 0)
        for argv in (('verify', image_id), ('copy', image_id, '--to', 's2')):
            self.assertIn('sudo -u nobody', self.run_store(
                *argv, code=1).stderr)
        self.rows('show', image_id)
