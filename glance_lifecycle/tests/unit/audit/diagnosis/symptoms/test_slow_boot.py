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

"""Slow boots: condition by condition."""

from glance_lifecycle.tests.unit.audit.diagnosis.symptoms import cases


class SlowBootTest(cases.SymptomTestCase):

    symptom = 'slow-boot'

    def test_not_known(self) -> None:
        found = self.nothing_known()
        self.assertIn('Give --nova-conf of the compute.', found['needed'])
        self.assertIn('Name the image.', found['needed'])

    def test_cloned(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'true',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='raw', stores=('fast',)))
        answers = self.answers(found)
        for question in ('Has the image a copy in Ceph?',
                         'Is the image raw?',
                         'Are the disks of servers in Ceph, on api?',
                         'Do images show where they are, on api?'):
            self.assertEqual('yes', answers[question], question)
        self.assertFalse({'GLC041', 'GLC042', 'GLC043', 'GLC802'}
                         & self.found_codes(found))

    def test_locations_not_shown(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'false',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='raw', stores=('fast',)))
        # That of the doctor, not one like it.
        self.assertIn('GLC802', self.found_codes(found))

    def test_not_raw_not_in_ceph(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'true',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='qcow2', stores=('slow',), size=2**30))
        self.assertLessEqual({'GLC041', 'GLC042'}, self.found_codes(found))
        [raw] = [one for one in found['findings'] if one['code'] == 'GLC041']
        self.assertEqual('[libvirt] images_type', raw['places'][0]['option'])

    def test_files(self) -> None:
        found = self.walk({'glance-api.conf': cases.CEPH % 'true',
                           'nova.conf': cases.NOVA % 'qcow2'},
                          **cases.image(disk_format='qcow2'))
        self.assertIn('GLC043', self.found_codes(found))
        self.assertNotIn('GLC041', self.found_codes(found))

    def test_store_of_unknown_driver(self) -> None:
        """Nothing is concluded from what nothing tells."""
        found = self.walk(
            {'glance-api.conf': cases.CEPH % 'true',
             'nova.conf': cases.NOVA % 'rbd'},
            **cases.image(disk_format='raw', stores=('other',)))
        self.assertEqual('unknown', self.answers(found)[
            'Has the image a copy in Ceph?'])
        self.assertNotIn('GLC042', self.found_codes(found))

    def test_hidden_and_hostile(self) -> None:
        found = self.walk(
            {'glance-api.conf': cases.CEPH % '*****',
             'nova.conf': cases.NOVA % '*********'},
            **cases.image(disk_format=cases.HOSTILE,
                          stores=(cases.HOSTILE,)))
        answers = self.answers(found)
        self.assertEqual('unknown', answers[
            'Are the disks of servers in Ceph, on api?'])
        self.assertEqual('unknown', answers[
            'Do images show where they are, on api?'])
        self.assertIn('Give --nova-conf of the compute.', found['needed'])
