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

"""Stores that an image lacks, or a cloud."""

from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.tests.unit.audit.diagnosis.symptoms import cases


class MissingStoreTest(cases.SymptomTestCase):

    symptom = 'missing-store'

    def test_not_known(self) -> None:
        self.assertIn('Name the image.', self.nothing_known()['needed'])

    def test_all_there(self) -> None:
        found = self.walk({'glance-api.conf': cases.CEPH % 'true'},
                          stores=('fast', 'slow'), **cases.image(
                              stores=('fast', 'slow')))
        self.assertEqual([], [one for one in found['findings']
                              if one['severity'] == 'error'])
        self.assertEqual({'yes'}, set(self.answers(found).values()))

    def test_copy_lacks(self) -> None:
        found = self.walk(stores=('fast', 'slow'), **cases.image(
            stores=('fast',), failed=('slow',)))
        [one] = found['findings']
        self.assertIn('slow', one['evidence'])

    def test_store_gone(self) -> None:
        found = self.walk(stores=('fast',), **cases.image(
            stores=('slow',)))
        self.assertEqual(['error'], [
            one['severity'] for one in found['findings']])

    def test_not_served(self) -> None:
        found = self.walk({'glance-api.conf': cases.CEPH % 'true'},
                          stores=('fast',))
        [one] = [one for one in found['findings']
                 if one['code'] == 'GLC047']
        self.assertEqual('store slow', one['subject'])
        self.assertEqual(1, len(one['places']))

    def test_each_api(self) -> None:
        found = self.walk(stores=('fast', 'slow'), live=lives.Live(answers=(
            lives.Answer('http://a', '--api-url', versions=('v2.15',),
                         stores=('slow', 'fast')),
            lives.Answer('http://b', '--api-url', versions=('v2.15',),
                         stores=('slow',)),
            lives.Answer('http://c', '--api-url', away='it cannot be asked'),
            lives.Answer('http://d', '--api-url'))))
        self.assertEqual(['yes', 'no', 'unknown', 'unknown'], [
            self.answers(found)['Has the glance-api at http://%s each '
                                'store?' % one] for one in 'abcd'])
        [one] = [one for one in found['findings']
                 if one['code'] == 'GLC047']
        self.assertEqual('store fast', one['subject'])
        self.assertIn('http://b does not list it', one['evidence'])
        # What the doctor has a check for, it says.
        self.assertLessEqual({'GLC912', 'GLC913'}, self.found_codes(found))

    def test_hosts(self) -> None:
        found = self.walk(
            {'a/glance-api.conf': cases.CEPH % 'true', 'b/glance-api.conf':
             '[DEFAULT]\nenabled_backends = fast:rbd\n'},
            stores=('fast', 'slow'))
        self.assertIn('GLC504', self.found_codes(found))

    def test_hostile(self) -> None:
        self.walk({'glance-api.conf': '[DEFAULT]\nenabled_backends = '
                   'a\x1bb:file\n'}, stores=(cases.HOSTILE,), **cases.image(
                       stores=('a' + cases.HOSTILE,),
                       failed=('b' + cases.HOSTILE,)))
