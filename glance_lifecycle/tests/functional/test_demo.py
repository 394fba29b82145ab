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

"""The README's first command, without tox around it."""

import pathlib
import subprocess
import sys

from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests import waiting

TOP = pathlib.Path(__file__).parents[3]


class DemoTest(base.FunctionalTestCase):

    def demo(self, *argv: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-m', 'demo', *argv], cwd=TOP,
            text=True, capture_output=True, check=False, timeout=waiting.BOUND)
        return done.returncode, done.stdout + done.stderr

    def test_bundled_image(self) -> None:
        code, text = self.demo()
        self.assertEqual(0, code, text)
        self.assertEqual(3, text.count('  equal  '), text)
        for name in ('service-signature', 'service-chain', 'attestation',
                     'user-signature', 'user-chain'):
            self.assertRegex(text, rf'{name} +passed')
        for section in ('require', 'place', 'protect', 'metadata'):
            self.assertRegex(text, rf'{section} +rule golden: decides')
        self.assertEqual(1, text.count('rule golden: drift'), text)
        self.assertRegex(text, r'un-protected +refused')
        self.assertRegex(text, r'role image_admin +deleted it')
        self.assertRegex(text, r'doctor +All well  \(\d{3} checks')
        self.assertRegex(text, r'looked at +Files and options  \(')
        self.assertIn('nothing is left behind', text)

    def test_hygiene(self) -> None:
        code, text = self.demo('--hygiene')
        self.assertEqual(0, code, text)
        for said in (r'GLC020 +3 orphan-object', r'GLC022 +3 unfinished-',
                     r'GLC025 +3 unregistered-', r'GLC039 +6 needed-by-',
                     r'planned +9 objects', r'quarantined +9 objects',
                     r'restored +9 objects', r'purged +9 objects',
                     r'came back +\d+\.\d KiB  \(on disk\)'):
            self.assertRegex(text, said)
        self.assertIn('nothing is left behind', text)

    def test_plan(self) -> None:
        page = self.work / 'report.html'
        code, text = self.demo('--plan', '--out', str(page))
        self.assertEqual(0, code, text)
        for said in (r'held +24 jobs', r'wave 1, the canary +1 image, ',
                     r'wave 2 +23 images, .+ \(forecast .+, took ',
                     r'store fast +6 copies', r'store archive +24 copies',
                     r'moved +24 images  \(by 48 jobs', r'right store +all'):
            self.assertRegex(text, said)
        self.assertNotIn('not asked', text)
        self.assertIn('nothing is left behind', text)
        self.assertIn('Images of the demo', page.read_text())

    def test_own_image(self) -> None:
        source = images.raw(self.work / 'own.raw', images.MIB,
                            str(self.work))
        code, text = self.demo(str(source))
        self.assertEqual(0, code, text)
        self.assertRegex(text, r'user-signature +passed')

    def test_not_golden(self) -> None:
        """A format that the sample policy has no golden images of."""
        source = self.work / 'own.vmdk'
        subprocess.run(
            ['qemu-img', 'convert', '-O', 'vmdk', TOP / 'demo/demo.qcow2',
             source], check=True)
        code, text = self.demo(str(source))
        self.assertEqual(0, code, text)
        self.assertEqual(3, text.count('  equal  '), text)
        self.assertNotIn('drift', text)

    def test_refused(self) -> None:
        """Exits with 1 and says why; still nothing is left behind."""
        source = self.work / 'bad.qcow2'
        source.write_bytes(b'QFI\xfb' + bytes(508))
        code, text = self.demo(str(source))
        self.assertEqual(1, code, text)
        self.assertIn('Glance did not import the image', text)
