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

"""What is exported, and that the file appears only when it is whole."""

from collections.abc import Iterator
import os
import pathlib
import stat
from typing import Any

import fixtures
import testtools

from glance_lifecycle.audit.hygiene import claims
from glance_lifecycle.audit.hygiene import export_file
from glance_lifecycle.audit.hygiene import exporting
from glance_lifecycle import exceptions
from glance_lifecycle.signing import signer
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.tests.unit.signing import helpers as signing_helpers

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D
FSID = '99999999-9999-4999-8999-999999999999'


class Broken(helpers.Host):

    def images(self) -> Iterator[claims.Image]:
        yield from super().images()
        raise exceptions.DatabaseError(detail='it went away')


class NeededTest(testtools.TestCase):

    def needed(self, image: helpers.Image) -> list[str]:
        return list(exporting.needed(image))

    def at(self, image_id: str, *urls: str, **other: Any) -> helpers.Image:
        return helpers.Image(image_id, **{'locations': [
            helpers.Location(url) for url in urls], **other})

    def test_images(self) -> None:
        self.assertEqual([A, A], self.needed(helpers.stored(A)))
        self.assertEqual([], self.needed(helpers.gone(A)))
        for status in ('queued', 'importing', 'pending_delete', 'killed'):
            self.assertEqual([A], self.needed(helpers.Image(A, status)))
        # The scrubber is to remove it, and has not; or it is being written.
        self.assertEqual([A, A], self.needed(helpers.gone(
            A, locations=[helpers.Location(
                helpers.URL + A, status='pending_delete')])))
        self.assertEqual([A], self.needed(helpers.gone(A, busy=True)))

    def test_what_a_location_leads_to(self) -> None:
        for url in (f'file:///images/{B}', f'rbd://{FSID}/images/{B}/snap',
                    f'rbd://{B}', f's3://key:se/cret@host/bucket/{B}',
                    f'swift+config://ref1/glance/{B}',
                    f'cinder://fast/{B}'):
            self.assertEqual([A, B], self.needed(self.at(A, url)), url)

    def test_gone_locations(self) -> None:
        self.assertEqual([A], self.needed(self.at(A, locations=[
            helpers.Location(helpers.URL + B, status='deleted')])))

    def test_not_decrypted(self) -> None:
        error = self.assertRaises(exceptions.ConfigurationError,
                                  self.needed, self.at(A, ''))
        self.assertIn('metadata_encryption_key', str(error))


class ExportTest(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.path = self.work / 'export'

    def export(self, host: helpers.Host, **other: Any) -> exporting.Written:
        return exporting.export(host, **{
            'path': self.path, 'name': 'region one', 'now': helpers.NOW,
            'signer': None, **other})

    def test_lines(self) -> None:
        seen: list[int] = []

        class Seen:
            def at(self, number: int) -> None:
                seen.append(number)

        written = self.export(helpers.Host(
            helpers.stored(C.upper()), helpers.stored(A), helpers.gone(B),
            helpers.Image('7'), busy=[D]), seen=Seen())
        first, *ids, last = self.path.read_bytes().splitlines(keepends=True)
        self.assertEqual([f'{one}\n'.encode() for one in (A, C, D)], ids)
        self.assertEqual(written.header, export_file.header(first))
        self.assertEqual(('region one', helpers.NOW, 3), (
            written.header.glance, written.header.time, written.header.ids))
        self.assertEqual(export_file.Trailer(written.digest, None),
                         export_file.trailer(last))
        self.assertEqual('', written.certificate_id)
        self.assertEqual([1, 2, 3, 4], seen)
        self.assertEqual(0o600, stat.S_IMODE(self.path.stat().st_mode))

    def test_signed(self) -> None:
        written = self.export(helpers.Host(helpers.stored(A)),
                              signer=signer.ServiceSigner(
            signing_helpers.key('p384'), signing_helpers.certificate('p384'),
            'cert-1'))
        self.assertEqual('cert-1', written.certificate_id)
        found = export_file.trailer(self.path.read_bytes().splitlines(
            keepends=True)[-1])
        assert found.signature is not None
        self.assertEqual('cert-1', found.signature.certificate_id)

    def test_nothing_is_left(self) -> None:
        for host in (Broken(helpers.stored(A)), helpers.Host(),
                     helpers.Host(helpers.gone(A)),
                     helpers.Host(helpers.Image(A, locations=[
                         helpers.Location('')]))):
            self.assertRaises(exceptions.LifecycleError, self.export, host)
            self.assertEqual([], os.listdir(self.work))

    def test_not_over_another(self) -> None:
        self.path.write_text('mine')
        host = helpers.Host(helpers.stored(A))
        error = self.assertRaises(exceptions.ConfigurationError,
                                  self.export, host)
        self.assertIn('File exists', str(error))
        self.path.unlink()
        path = self.path

        class Meanwhile(helpers.Host):
            def images(self) -> Iterator[claims.Image]:
                yield from super().images()
                path.write_text('mine')

        self.assertRaises(exceptions.ConfigurationError, self.export,
                          Meanwhile(helpers.stored(A)))
        self.assertEqual('mine', path.read_text())
        self.assertEqual(['export'], os.listdir(self.work))

    def test_no_such_directory(self) -> None:
        error = self.assertRaises(
            exceptions.ConfigurationError, self.export,
            helpers.Host(helpers.stored(A)), path=self.work / 'x' / 'y')
        self.assertIn('No such file or directory', str(error))
