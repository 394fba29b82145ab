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

"""Images that nobody meant to be public."""

import json

from glance_lifecycle.tests.unit.audit.diagnosis import cases as facts
from glance_lifecycle.tests.unit.audit.diagnosis.symptoms import cases

PUBLIC = {'visibility': 'public'}
POLICY = json.dumps({'version': 1, 'rules': [{
    'name': 'few', 'visibility': {'publishers': ['p9']}}]})
CONF = '[lifecycle]\npolicy_file = policy-of-images.yaml\n'


class PublicByAccidentTest(cases.SymptomTestCase):

    symptom = 'public-by-accident'

    def test_not_known(self) -> None:
        self.assertIn('Name the image.', self.nothing_known()['needed'])

    def test_private(self) -> None:
        found = self.walk(**cases.image())
        self.assertEqual([], found['findings'])
        self.assertEqual('no', self.answers(found)['Is the image public?'])

    def test_public(self) -> None:
        found = self.walk(**cases.image(resource=PUBLIC))
        self.assertEqual({'GLC049'}, self.found_codes(found))
        self.assertTrue(any('--read-log' in one for one in found['needed']))

    def test_anybody_publishes(self) -> None:
        for rule, answer in (('', 'yes'), ('role:admin', 'no')):
            found = self.walk({
                'glance-api.conf': '[DEFAULT]\n',
                'policy.yaml': '"publicize_image": "%s"\n' % rule},
                **cases.image(resource=PUBLIC))
            self.assertEqual(answer, self.answers(found)[
                'May anybody publish images, on api?'])
            self.assertEqual(answer == 'yes',
                             'GLC707' in self.found_codes(found))

    def test_against_the_policy(self) -> None:
        conf = {'glance-api.conf': CONF, 'policy-of-images.yaml': POLICY}
        found = self.walk(conf, **cases.image(resource=PUBLIC))
        self.assertIn('GLC050', self.found_codes(found))
        for resource in ({}, {**PUBLIC, 'owner': 'p9'}):
            self.assertNotIn('GLC050', self.found_codes(self.walk(
                conf, **cases.image(resource=resource))))
        # One that cannot be used says nothing.
        self.assertNotIn('GLC050', self.found_codes(self.walk(
            {**conf, 'policy-of-images.yaml': '{'},
            **cases.image(resource=PUBLIC))))

    def test_who(self) -> None:
        path = '/v2/images/' + facts.IMAGE
        changed = cases.line('10.0.0.1 "PATCH %s HTTP/1.1" 200' % path, '')
        read = cases.line('10.0.0.1 "GET %s HTTP/1.1" 200' % path, '')
        for lines, answer in (([changed, read], 'yes'), ([read], 'no'),
                              (None, 'unknown')):
            found = self.walk(**cases.image(resource=PUBLIC, lines=lines))
            self.assertEqual(answer, self.answers(found)[
                'Do the logs show who changed it?'])

    def test_hostile(self) -> None:
        self.walk(**cases.image(resource={
            'visibility': cases.HOSTILE, 'owner': cases.HOSTILE}))
