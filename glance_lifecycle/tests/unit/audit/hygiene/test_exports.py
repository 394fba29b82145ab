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

"""Exports as a hostile world hands them over."""

import dataclasses
import hashlib
import os
import pathlib
from typing import Any
import uuid

import fixtures
from hypothesis import given
from hypothesis import strategies
import testtools

from glance_lifecycle.audit.hygiene import export_file
from glance_lifecycle.audit.hygiene import exporting
from glance_lifecycle.audit.hygiene import exports
from glance_lifecycle import exceptions
from glance_lifecycle.signing import detached
from glance_lifecycle.signing import signer
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.audit.hygiene import helpers
from glance_lifecycle.tests.unit.signing import helpers as signing_helpers

A, B, C, D = helpers.A, helpers.B, helpers.C, helpers.D
NOW, DAY = helpers.NOW, helpers.DAY
CERTIFICATE = signing_helpers.certificate('p384')

SIGNED = exports.Trust(trust.TrustPolicy(), [CERTIFICATE])
ANY = exports.Trust(trust.TrustPolicy(), unsigned=True)


def service(kind: str = 'p384') -> signer.ServiceSigner:
    return signer.ServiceSigner(
        signing_helpers.key(kind), signing_helpers.certificate(kind), 'cert')


def made(*ids: str, time: float = NOW, number: int | None = None,
         before: bytes = b'', after: bytes = b'') -> bytes:
    """A file whose digest is right, whatever else it is."""
    text = export_file.Header('r1', int(time), number or len(ids)).dump()
    text += before + b''.join(b'%s\n' % one.encode() for one in ids) + after
    return text + export_file.Trailer(export_file.digest(
        hashlib.new(detached.HASH, text).digest()), None).dump()


class ExportsCase(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.work = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.path = self.work / 'export'

    def load(self, content: bytes | None = None,
             trusted: exports.Trust = ANY, now: float = NOW
             ) -> exports.Export:
        if content is not None:
            self.path.write_bytes(content)
        return exports.load(str(self.path), trusted, now)

    def refused(self, *args: Any, **other: Any) -> str:
        error = self.assertRaises(exceptions.ExportRefused, self.load, *args,
                                  **other)
        self.assertRegex(str(error), r'^The export \S+ is not used: .*\.$')
        return str(error)

    def write(self, kind: str | None = 'p384') -> bytes:
        exporting.export(
            helpers.Host(helpers.stored(A), helpers.stored(C)), self.path,
            'r1', NOW, service(kind) if kind else None)
        return self.path.read_bytes()


class LoadTest(ExportsCase):

    def test_contains(self) -> None:
        found = self.load(made(A, C))
        self.assertEqual((2, 'r1', NOW, ''), (
            len(found), found.glance, found.time, found.signed_by))
        known: tuple[object, ...] = (
            A, C, A.upper(), A.replace('-', ''), f'{{{C}}}',
            f'urn:uuid:{C}')
        for one in known:
            self.assertIn(one, found)
        for one in (B, D, B.upper(), str(uuid.UUID(int=0)),
                    str(uuid.UUID(int=2 ** 128 - 1))):
            self.assertNotIn(one, found)
        # What is no id cannot be in it, nor be said to be needless.
        unclear: tuple[object, ...] = (
            '', 'x', A[:-1], A + '0', A + '\n0', None, 7, '\u0660' * 32)
        for one in unclear:
            self.assertIn(one, found)

    @given(strategies.sets(strategies.uuids(), min_size=1, max_size=20),
           strategies.lists(strategies.uuids(), max_size=5))
    def test_any(self, ids: set[uuid.UUID], others: list[uuid.UUID]) -> None:
        found = self.load(made(*sorted(map(str, ids))))
        for one in (*ids, *others):
            self.assertEqual(one in ids, str(one) in found)

    def test_more_than_a_chunk(self) -> None:
        ids = [str(uuid.UUID(int=one * 7)) for one in range(10_000)]
        found = self.load(made(*ids))
        for one in (0, 4095, 4096, 9999):
            self.assertIn(ids[one], found)
            self.assertNotIn(str(uuid.UUID(int=one * 7 + 1)), found)

    def test_not_as_it_is_written(self) -> None:
        good = made(A, B, C)
        for content, said in (
                (b'', 'no export'),
                (b'x' * 100_000, 'no export'),
                (good[:-1], 'as it is written'),
                (good[:-100], 'cut off'),
                (good[:200], 'cut off'),
                (good + b'\n', 'as it is written'),
                (good + b'x' * 10_000, 'longer than 3 ids'),
                (made(A, B, C, number=2), 'more ids'),
                (made(A, B, C, number=4), 'no id'),
                (made(A, B, C, number=400), 'cut off'),
                (made(A, B, C, number=20_000_000), 'cut off'),
                (made(A, C, B), 'not in their order'),
                (made(A, A), 'not in their order'),
                (made(A.upper()), 'no id'),
                (made(A[:-1] + ' '), 'no id'),
                (made(A, before=b'\n' * 37, number=2), 'no id'),
                (made(A, before=b'\r' * 37, number=2), 'no id'),
                (good.replace(A.encode(), A[:-1].encode() + b'2'), 'damaged'),
                (good.replace(b'"r1"', b'"r2"'), 'damaged'),
                (good.replace(b'sha3_512:', b'sha3_512:0')[:-2] + b'}\n',
                 'no digest')):
            self.assertIn(said, self.refused(content), str(content[:200]))

    def test_order_across_chunks(self) -> None:
        ids = [str(uuid.UUID(int=one + 1)) for one in range(4096)]
        self.assertIn('not in their order',
                      self.refused(made(*ids, str(uuid.UUID(int=0)))))

    def test_age(self) -> None:
        content = made(A, time=NOW - 8 * DAY)
        self.assertIn('more than 7 days old', self.refused(content))
        self.assertIn(A, self.load(content, dataclasses.replace(
            ANY, age=9.0)))
        self.assertIn('yet to come', self.refused(made(A, time=NOW + DAY)))
        self.assertIn(A, self.load(made(A, time=NOW + 60)))

    def test_no_file(self) -> None:
        self.assertIn('No such file', self.refused())
        os.mkfifo(self.path)
        self.assertIn('it is no file', self.refused())
        self.path.unlink()
        self.path.mkdir()
        self.assertIn('it cannot be read', self.refused())

    def test_hostile_name(self) -> None:
        self.path = self.work / '\x1b[2J'
        self.assertNotIn('\x1b', self.refused())


class SignatureTest(ExportsCase):

    def test_signed(self) -> None:
        self.write()
        found = self.load(trusted=SIGNED)
        self.assertIn(A, found)
        self.assertIn('CN=p384', found.signed_by)

    def test_unsigned(self) -> None:
        self.write(None)
        self.assertIn('it is not signed', self.refused(trusted=SIGNED))
        self.assertEqual('', self.load().signed_by)

    def test_stripped(self) -> None:
        """What was signed, and is not any more."""
        content = self.write()
        at = content.index(b'"signature":') + len(b'"signature":')
        self.assertIn('it is not signed', self.refused(
            content[:at] + b'null}\n', SIGNED))

    def test_not_known(self) -> None:
        """Also where unsigned ones are taken: somebody meant it to count."""
        self.write()
        self.assertIn('--export-certificate', self.refused())
        self.path.unlink()
        self.write('rsa')
        self.assertIn('--export-certificate', self.refused(trusted=SIGNED))

    def test_of_another_export(self) -> None:
        trailer = self.write().splitlines(keepends=True)[-1]
        content = made(A).splitlines(keepends=True)
        signed = export_file.trailer(trailer)
        forged = dataclasses.replace(
            signed, digest=export_file.trailer(content[-1]).digest)
        self.assertIn('its signature is not that of', self.refused(
            b''.join(content[:-1]) + forged.dump(), SIGNED))

    def test_certificate_of_no_worth(self) -> None:
        self.write()
        for policy, said in (
                (trust.TrustPolicy(denied_serials=frozenset((
                    CERTIFICATE.serial_number,))), 'revoked'),
                (trust.TrustPolicy(min_ec_bits=521), '521 bits')):
            self.assertIn(said, self.refused(trusted=exports.Trust(
                policy, [CERTIFICATE])))

    def test_not_yet_valid(self) -> None:
        certificate = signing_helpers.certify(
            signing_helpers.key('p384'),
            not_before=signing_helpers.NOW - signing_helpers.DAY)
        exporting.export(
            helpers.Host(helpers.stored(A)), self.path, 'r1',
            signing_helpers.NOW.timestamp() - 9 * DAY,
            signer.ServiceSigner(signing_helpers.key('p384'), certificate,
                                 'cert'))
        self.assertIn('valid only from', self.refused(
            trusted=exports.Trust(trust.TrustPolicy(), [certificate]),
            now=signing_helpers.NOW.timestamp() - 8 * DAY))

    def test_those_that_sign_images_are_others(self) -> None:
        self.write()
        self.assertIn(A, self.load(trusted=exports.Trust(
            trust.TrustPolicy(allowed_certificates=frozenset(('other',))),
            [CERTIFICATE])))


class NeededTest(ExportsCase):

    def test_several(self) -> None:
        paths = []
        for name, ids, age in (('one', [A], 3), ('two', [C], 1)):
            path = self.work / name
            path.write_bytes(made(*ids, time=NOW - age * DAY))
            paths.append(str(path))
        found = exports.load_all(paths, ANY, NOW)
        self.assertEqual([True, False, True],
                         [one in found for one in (A, B, C)])
        self.assertEqual(NOW - 3 * DAY, found.since)
        self.assertEqual(2, len(found.digests))
        self.assertRaises(exceptions.ExportRefused, exports.load_all,
                          [*paths, str(self.work / 'three')], ANY, NOW)
        self.assertRaises(exceptions.ExportRefused, exports.load_all,
                          paths * 40, ANY, NOW)

    def test_none(self) -> None:
        found = exports.load_all([], ANY, NOW)
        self.assertNotIn(A, found)
        self.assertIsNone(found.since)
