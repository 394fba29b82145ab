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

"""``openstack image lifecycle hygiene export`` of real Glances."""

import datetime
import pathlib
import stat
import subprocess
from typing import Any

from cryptography import x509

from glance_lifecycle.audit.hygiene import exports
from glance_lifecycle import exceptions
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional import signing_case
from glance_lifecycle.tests.functional import test_hygiene


class ExportCase(test_hygiene.FileHygieneCase):

    def setUp(self) -> None:
        super().setUp()
        self.out = self.work / 'needed'

    def export(self, *argv: str) -> openstack.Answer:
        answer = self.operator().spawn(
            'image', 'lifecycle', 'hygiene', 'export', '--out', str(self.out),
            '--config-file', str(self.api.etc / 'glance-api.conf'),
            '-f', 'json', *argv)
        self.assertNotIn('Traceback', answer.stderr)
        return answer

    def exported(self, *argv: str) -> dict[str, Any]:
        answer = self.export(*argv)
        self.assertEqual(0, answer.code, str(answer))
        row: dict[str, Any] = answer.json
        return row

    def named(self, *argv: str) -> tuple[str, ...]:
        return ('--export', str(self.out), *argv)

    def load(self, trusted: exports.Trust) -> exports.Export:
        return exports.load(str(self.out), trusted, datetime.datetime.now(
            datetime.UTC).timestamp())


class UnsignedTest(ExportCase):

    def test_what_is_in_it(self) -> None:
        images = self.new_images()
        gone = self.orphan()
        leaving = self.orphan()
        self.api.sql("update image_locations set status = 'pending_delete', "
                     f"deleted = 0 where image_id = '{leaving}'")
        queued = self.admin.create_image()['id']
        upper = '0A0B0C0D-0000-4000-8000-00000000000F'
        self.admin.create_image(id=upper)
        # It was registered with what was stored for another.
        borrowed, lender = self.orphan(), images[0]
        self.api.sql(
            "update image_locations set value = replace(value, "
            f"'{lender}', '{borrowed}') where image_id = '{lender}'")
        before = self.seen()
        answer = self.export('--name', 'west')
        self.assertEqual(0, answer.code, str(answer))
        self.assertIn('The export is not signed', answer.stderr)
        self.assertEqual(before, self.seen())
        row = answer.json
        self.assertEqual(('west', 7, '', str(self.out)), tuple(
            row[name] for name in ('Glance', 'Ids', 'Certificate', 'File')))
        self.assertEqual(0o600, stat.S_IMODE(self.out.stat().st_mode))
        self.assertEqual(
            sorted((*images, leaving, queued, upper.lower(), borrowed)),
            self.out.read_text().splitlines()[1:-1])
        self.assertRaises(exceptions.ExportRefused, self.load,
                          exports.Trust(trust.TrustPolicy()))
        found = self.load(exports.Trust(trust.TrustPolicy(), unsigned=True))
        self.assertIn(upper, found)
        self.assertNotIn(gone, found)
        # As the page says that it can be looked at.
        said = subprocess.run(
            f"head -n -1 '{self.out}' | openssl dgst -sha3-512 -r",
            shell=True, text=True, capture_output=True, check=True).stdout
        self.assertEqual(row['Digest'], 'sha3_512:' + said.split()[0])

    def test_two_in_one_directory(self) -> None:
        """Some ids both have: what the one has deleted, the other needs."""
        self.new_images()
        both, mine = sorted(self.orphan() for _ in range(2))
        other = self.useFixture(glance.GlanceApi())
        other.configure(s1={
            'filesystem_store_datadir': str(self.api.store_dir('s1'))})
        other.restart()
        theirs = []
        for number in range(8):
            image = other.admin().create_image(
                disk_format='raw', **({'id': both} if not number else {}))
            if not number:
                # A replicated catalogue: one object, two Glances.
                self.path(both).unlink()
            other.admin().upload(image['id'], b'%d' % number * 2000)
            theirs.append(image['id'])
        content = self.path(both).read_bytes()
        self.assertEqual({'GLC035': ['s1']}, self.about(self.found(code=3)))
        api, self.api = self.api, other
        self.exported('--name', 'west')
        self.api = api
        answer = self.hygiene(*self.at_once, *self.named())
        self.assertEqual(1, answer.code)
        self.assertIn('it is not signed', answer.stderr)
        rows = self.found(*self.named('--unsigned'), code=4)
        self.assertEqual({'GLC020': [mine], 'GLC039': ['s1']},
                         self.about(rows))
        self.assertIn('There are 8, of', self.only(rows, 'GLC039')[
            'Evidence'])
        # What it has stored since.
        self.put(mine)
        self.assertEqual(
            {'GLC028': [mine], 'GLC039': ['s1']},
            self.about(self.found(*self.named('--unsigned'), code=3)))
        self.assertEqual(content, self.path(both).read_bytes())

    def test_not_written(self) -> None:
        self.assertIn('The database has no image', self.export().stderr)
        self.new_images()
        self.exported()
        content = self.out.read_bytes()
        answer = self.export()
        self.assertEqual(1, answer.code)
        self.assertIn('File exists', answer.stderr)
        self.assertEqual(content, self.out.read_bytes())
        self.assertEqual(2, self.export('--name', '\x1b[2J').code)
        with self.api.database_locked():
            self.api.configure(
                database={'connection':
                          f'sqlite:///{self.api.base}/glance.sqlite'},
                lifecycle={'database_patience': 0})
            self.out.unlink()
            self.assertEqual(1, self.export().code)
        self.assertEqual([], list(self.work.iterdir()))


class SignedTest(ExportCase):

    def setUp(self) -> None:
        super().setUp()
        self.keys = self.work / 'keys'
        self.keys.mkdir()
        self.out = self.keys / 'needed'
        self.service = pki.signer(self.keys, 'service', bits=3072)
        (self.keys / f'{signing_case.SERVICE}.pem').write_bytes(
            self.service.pem)
        self.api.configure(
            key_manager={'backend': 'lifecycle_file'},
            lifecycle_file_key_manager={'directory': self.keys},
            lifecycle_signing={
                'signing_key': self.service.key_path,
                'signing_certificate_id': signing_case.SERVICE})

    def test_signed(self) -> None:
        self.new_images()
        answer = self.export()
        self.assertEqual(0, answer.code, str(answer))
        self.assertEqual(signing_case.SERVICE, answer.json['Certificate'])
        self.assertNotIn('not signed', answer.stderr)
        found = self.load(exports.Trust(trust.TrustPolicy(), [
            x509.load_pem_x509_certificate(self.service.pem)]))
        self.assertIn('CN=service', found.signed_by)
        # With the same key here, nobody needs to say whose it is.
        self.found(*self.named(), code=0)
        answer = self.hygiene(*self.named(
            '--export-certificate', str(pki_file(self.keys, 'stranger'))))
        self.assertEqual(1, answer.code)
        self.assertIn('--export-certificate', answer.stderr)
        self.api.configure(lifecycle_signing={
            'signing_key': None, 'signing_certificate_id': None})
        self.assertIn('not among those of a Glance that is known here',
                      self.hygiene(*self.named()).stderr)
        self.found(*self.named(
            '--export-certificate',
            str(self.keys / f'{signing_case.SERVICE}.pem')), code=0)

    def test_key_that_cannot_be_had(self) -> None:
        """It is no reason not to sign."""
        self.new_images()
        self.service.key_path.unlink()
        answer = self.export()
        self.assertEqual(1, answer.code, str(answer))
        self.assertFalse(self.out.exists())


def pki_file(directory: pathlib.Path, name: str) -> pathlib.Path:
    path = directory / f'{name}.pem'
    path.write_bytes(pki.signer(directory, name).pem)
    return path
