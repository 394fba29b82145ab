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

"""Signed images through an import: verified, converted, signed anew.

The certificates are in a directory; what the stores hold then is verified by
cursive, as Nova does it, and by openssl alone.
"""

import base64
from collections.abc import Callable
from collections.abc import Iterator
import copy
import datetime
import hashlib
import json
import os
import pathlib
from typing import Any

from cryptography import exceptions as crypto_exceptions

from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import certificates
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case
from glance_lifecycle.tests.functional import signing_case


class ResignTest(signing_case.SigningTestCase):

    # What others accept.

    def openssl(self, image: client.Image, path: pathlib.Path) -> None:
        """:raises RuntimeError: openssl says no"""
        certificate = self.certificates / (
            image['img_signature_certificate_uuid'] + '.pem')
        public, signature = self.work / 'public', self.work / 'signature'
        public.write_bytes(pki.openssl(
            'x509', '-in', str(certificate), '-pubkey', '-noout'))
        signature.write_bytes(base64.b64decode(image['img_signature']))
        pki.openssl(
            'dgst', '-sha512', '-verify', str(public), *pki.PSS, '-sigopt',
            'rsa_pss_saltlen:max', '-signature', str(signature), str(path))

    def test_every_store(self) -> None:
        image = self.import_signed(os_distro='demo')
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual(
            ('raw', 'SHA-512', 'RSA-PSS', signing_case.SERVICE, 'demo'),
            (image['disk_format'], image['img_signature_hash_method'],
             image['img_signature_key_type'],
             image['img_signature_certificate_uuid'], image['os_distro']))
        for store in plugin_case.ALL:
            path = self.api.stored_copy(image['id'], store)
            self.cursive(image, path)
            self.openssl(image, path)
            self.check_flips(image, path)
        self.assert_nothing_left(
            self.api, image['id'],
            *(other['id'] for other in self.api.admin().list_images()))

    def check_flips(self, image: client.Image, path: pathlib.Path) -> None:
        for offset in (0, 1, signing_case.SIZE // 2, signing_case.SIZE - 1):
            with flipped(path, offset):
                self.assertRaises(crypto_exceptions.InvalidSignature,
                                  self.cursive, image, path)
                self.assertRaisesRegex(RuntimeError, 'Verification failure',
                                       self.openssl, image, path)
        self.cursive(image, path)

    # The attestation.

    def verify(self, image: client.Image, text: str) -> attestation.Record:
        return attestation.verify(
            text, certificates.load(self.service.pem), signing_case.SERVICE,
            image_id=image['id'], os_hash_algo=image['os_hash_algo'],
            os_hash_value=image['os_hash_value'])

    def test_attestation(self) -> None:
        given = self.signed()
        begun = datetime.datetime.now(datetime.UTC)
        image = self.import_it(self.source, 'qcow2', **given)
        text = image['lifecycle_attestation']
        record = self.verify(image, text)
        self.assertEqual(
            ({'sha256': sha256(self.source)}, self.source.stat().st_size,
             'qcow2', 'glance_lifecycle'),
            (record.source_digest, record.source_size, record.source_format,
             record.converter))
        assert record.signature is not None
        self.assertEqual(
            (signing_case.USER, 'CN=builder', 'RSA-PSS', 'SHA-256',
             'verified'),
            (record.signature.certificate_id, record.signature.subject,
             record.signature.key_type, record.signature.hash_method,
             record.signature.result))
        self.assertEqual(certificates.summary(
            self.builder.certificate).fingerprint,
            record.signature.fingerprint)
        self.assertLessEqual(begun.replace(microsecond=0), record.time)
        self.assertLessEqual(record.time, datetime.datetime.now(datetime.UTC))
        # What the user signed can still be verified, by the same means.
        for name, value in given.items():
            self.assertEqual(value, image[
                'lifecycle_source_' + name.removeprefix('img_')])
        self.check_tampered(image, text)
        self.check_of_another(image)

    def check_tampered(self, image: client.Image, text: str) -> None:
        envelope = json.loads(text)
        statement = json.loads(base64.b64decode(envelope['payload']))
        fields = list(leaves(statement))
        self.assertGreater(len(fields), 18)
        for path in fields:
            changed = with_other(statement, path)
            payload = dump(changed).encode()
            self.assert_invalid(image, dump(envelope | {
                'payload': base64.b64encode(payload).decode()}), path)
        for path in leaves(envelope):
            self.assert_invalid(image, dump(with_other(envelope, path)),
                                path)
        # Any character: base64 and JSON leave no room.
        for position in range(len(text)):
            other = chr(ord(text[position]) ^ 1)
            self.assert_invalid(
                image, text[:position] + other + text[position + 1:],
                position)

    def assert_invalid(self, image: client.Image, text: str,
                       what: object) -> None:
        try:
            self.verify(image, text)
        except exceptions.ImageRefused as error:
            self.assertTrue(error.reason.startswith('attestation-'), error)
        else:
            self.fail(f'not found: {what}')

    def check_of_another(self, image: client.Image) -> None:
        """A genuine one of another image, or with other bytes."""
        text = image['lifecycle_attestation']
        for change in ({'id': signing_case.USER}, {'os_hash_value': '00' * 64},
                       {'os_hash_algo': 'sha256'}):
            error = self.assertRaises(exceptions.ImageRefused, self.verify,
                                      {**image, **change}, text)
            self.assertEqual('attestation-subject', error.reason)

    # What users try.

    def test_forged_properties(self) -> None:
        forged = {'lifecycle_attestation': 'forged',
                  'lifecycle_source_signature': 'forged',
                  'lifecycle_approved': 'yes'}
        image = self.import_signed(**forged)
        self.assertEqual('active', image['status'])
        self.assertEqual([
            'lifecycle_attestation', 'lifecycle_source_signature',
            'lifecycle_source_signature_certificate_uuid',
            'lifecycle_source_signature_hash_method',
            'lifecycle_source_signature_key_type'],
            signing_case.lifecycle_names(image))
        self.assertNotIn('forged', image.values())
        self.verify(image, image['lifecycle_attestation'])
        # Unsigned and converted.
        image = self.import_it(self.source, 'qcow2', **forged)
        self.assertEqual(('active', []),
                         (image['status'],
                          signing_case.lifecycle_names(image)))
        # Nothing is converted, so nothing is attested.
        raw = images.raw(self.work / 'raw', signing_case.SIZE)
        for given in ({}, self.signed(raw)):
            image = self.import_it(raw, 'raw', **given, **forged)
            self.assert_kept(image, raw, given)

    def test_wrong_padding(self) -> None:
        signature = self.builder.sign(
            self.source, 'SHA-256', '-sigopt', 'rsa_padding_mode:pkcs1')
        image = self.import_it(self.source, 'qcow2',
                               **pki.properties(signature, signing_case.USER))
        self.assert_queued(image, '(signature-padding)', 'PKCS#1 v1.5')

    # Between verification and transfer.

    def change(self, source: pathlib.Path,
               how: Callable[[pathlib.Path], None]) -> None:
        image_id = self.staged(self.user, source, 'qcow2',
                               **self.signed(source))
        self.user.import_image(image_id, all_stores=True)
        with transfer.frozen(transfer.find(self.api)):
            how(self.api.staging / image_id)
        self.assert_queued(
            self.user.wait_import(image_id), '(changed)',
            'the staged file changed while it was imported')

    def test_changed_after_verification(self) -> None:
        def appended(path: pathlib.Path) -> None:
            with path.open('ab') as file:
                file.write(b'x')

        def overwritten(path: pathlib.Path) -> None:
            before = path.stat()
            with path.open('r+b') as file:
                file.seek(-1, os.SEEK_END)
                file.write(b'x')
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

        source = self.work / 'noise.qcow2'
        images.convert(self.noise(), 'raw', source, 'qcow2')
        self.change(source, appended)
        self.change(source, overwritten)


class StagedResignTest(ResignTest):

    mode = 'staged'

    def test_upload_fails(self) -> None:
        """The user's signature is back, and good for the next import."""
        given = self.signed()
        broken = self.api.store_dir('s2')
        moved = broken.with_name('moved')
        broken.rename(moved)
        broken.write_text('no directory')
        image = self.import_it(self.source, 'qcow2', **given)
        broken.unlink()
        moved.rename(broken)
        self.assertEqual('uploading', image['status'])
        self.assertEqual(given, {name: image[name] for name in given})
        self.assertEqual([], signing_case.lifecycle_names(image))
        self.user.import_image(image['id'], all_stores=True)
        image = self.user.wait_import(image['id'])
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual(5, len(signing_case.lifecycle_names(image)))


class flipped:
    """One bit of the file is another meanwhile."""

    def __init__(self, path: pathlib.Path, offset: int) -> None:
        self._path = path
        self._offset = offset

    def _flip(self) -> None:
        with self._path.open('r+b') as file:
            file.seek(self._offset)
            byte = file.read(1)
            file.seek(self._offset)
            file.write(bytes([byte[0] ^ 1]))

    def __enter__(self) -> None:
        self._flip()

    def __exit__(self, *error: object) -> None:
        self._flip()


def sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def dump(value: object) -> str:
    """JSON as the service writes it: only the signature can give it away."""
    return json.dumps(value, sort_keys=True, separators=(',', ':'))


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[
        tuple[Any, ...]]:
    """The path to each value that holds no other."""
    if isinstance(value, dict | list):
        items = (value.items() if isinstance(value, dict)
                 else enumerate(value))
        for key, inner in items:
            yield from leaves(inner, (*path, key))
    else:
        yield path


def with_other(value: Any, path: tuple[Any, ...]) -> Any:
    """A copy in which the value at the path is another of its kind."""
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    old = inner[path[-1]]
    if isinstance(old, int):
        inner[path[-1]] = old + 1
    elif old is None:
        inner[path[-1]] = 'x'
    else:
        inner[path[-1]] = ('B' if old[:1] == 'A' else 'A') + old[1:]
    return changed
