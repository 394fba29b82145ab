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

"""Images that are refused for their signature."""

import base64

from glance_lifecycle.signing import properties
from glance_lifecycle.tests.unit.audit.diagnosis import cases as facts
from glance_lifecycle.tests.unit.audit.diagnosis.symptoms import cases

SIGNED = {
    properties.SIGNATURE: base64.b64encode(b'x' * 256).decode(),
    properties.HASH_METHOD: 'SHA-256', properties.KEY_TYPE: 'RSA-PSS',
    properties.CERTIFICATE_ID: 'c1'}
VERIFIES = {'nova.conf': '[glance]\nverify_glance_signatures = true\n'}
PLUGINS = '[image_import_opts]\nimage_import_plugins = [%s]\n'


class SignatureTest(cases.SymptomTestCase):

    symptom = 'signature'

    def test_not_known(self) -> None:
        self.assertIn('Give --nova-conf of the compute.',
                      self.nothing_known()['needed'])

    def test_unsigned_and_verified(self) -> None:
        found = self.walk(VERIFIES, **cases.image())
        self.assertIn('GLC045', self.found_codes(found))
        self.assertEqual('no', self.answers(found)['Is the image signed?'])
        # Where nobody verifies, nobody refuses.
        self.assertNotIn('GLC045', self.found_codes(self.walk(
            {'nova.conf': '[glance]\n'}, **cases.image())))

    def test_signed(self) -> None:
        found = self.walk(VERIFIES, **cases.image(resource=SIGNED))
        self.assertEqual(set(), self.found_codes(found) & {
            'GLC044', 'GLC045', 'GLC046'})
        self.assertTrue(any('signature audit' in one
                            for one in found['needed']))

    def test_not_whole(self) -> None:
        found = self.walk(**cases.image(resource={
            properties.SIGNATURE: cases.HOSTILE}))
        self.assertEqual({'GLC044'}, self.found_codes(found))

    def test_converted(self) -> None:
        signed = cases.image(resource=SIGNED, disk_format='raw')
        for names, expected in (('image_conversion', True),
                                ('image_conversion, lifecycle', False),
                                ('no_op', False), ('*****', False)):
            found = self.walk({'glance-api.conf': (
                PLUGINS % names + '[image_conversion]\n'
                'output_format = raw\n')}, **signed)
            self.assertEqual(
                expected, 'GLC046' in self.found_codes(found), names)

    def test_import_refused(self) -> None:
        found = self.walk(**cases.image('queued', tasks=[facts.task(
            'failure', 'Image refused (signature-mismatch): no.')]))
        self.assertEqual('yes', self.answers(found)[
            'Did an import refuse its signature?'])
        self.assertEqual(1, len(found['findings']))
        found = self.walk(**cases.image('queued', tasks=None))
        self.assertTrue(any('tasks were not shown' in one
                            for one in found['needed']))
