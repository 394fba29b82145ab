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

from castellan import key_manager
from cryptography import exceptions as crypto_exceptions
from cursive import signature_utils
import fixtures
from oslo_config import cfg
from oslo_config import fixture as config_fixture

from glance_lifecycle.conf import file_key_manager
from glance_lifecycle import exceptions
from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import certificates
from glance_lifecycle.tests.functional.fixtures import client
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import pki
from glance_lifecycle.tests.functional.fixtures import transfer
from glance_lifecycle.tests.functional import plugin_case

ETC = pathlib.Path(__file__).parents[3] / 'etc/glance'
USER = '11111111-2222-3333-4444-555555555555'
SERVICE = '99999999-2222-3333-4444-555555555555'
SIZE = 8 * images.MIB


class SigningTestCase(plugin_case.PluginTestCase):
    """A user and the service with keys, and one glance-api for the class."""

    mode = 'auto'
    signing: dict[str, object] = {'on_convert': 'resign'}
    conf: dict[str, dict[str, object]] = {}
    api: glance.GlanceApi
    certificates: pathlib.Path
    builder: pki.Signer
    service: pki.Signer
    source: pathlib.Path
    expected: images.Reference

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        shared = fixtures.TempDir()
        cls.addClassCleanup(shared.cleanUp)
        shared.setUp()
        private = pathlib.Path(shared.path)
        cls.certificates = private / 'certificates'
        cls.certificates.mkdir()
        cls.builder = pki.signer(private, 'builder')
        cls.service = pki.signer(private, 'service', bits=3072)
        for name, signer in ((USER, cls.builder), (SERVICE, cls.service)):
            (cls.certificates / f'{name}.pem').write_bytes(signer.pem)
        cls.source = images.make(private / 'a.qcow2', size=SIZE)
        cls.expected = images.reference(cls.source, 'qcow2')
        cls.api = glance.GlanceApi(plugins=['lifecycle'], conf={
            'lifecycle': {'mode': cls.mode},
            'key_manager': {'backend': 'lifecycle_file'},
            'lifecycle_file_key_manager': {'directory': cls.certificates},
            'lifecycle_signing': {
                'signing_key': cls.service.key_path,
                'signing_certificate_id': SERVICE, **cls.signing},
            **cls.conf})
        cls.addClassCleanup(cls.api.cleanUp)
        cls.api.setUp()

    def setUp(self) -> None:
        super().setUp()
        self.user = self.api.user()

    def signed(self, source: pathlib.Path | None = None) -> dict[str, str]:
        return pki.properties(
            self.builder.sign(source or self.source), USER)

    def import_it(self, source: pathlib.Path, disk_format: str,
                  **properties: str) -> client.Image:
        image_id = self.staged(self.user, source, disk_format, **properties)
        self.user.import_image(image_id, all_stores=True)
        return self.user.wait_import(image_id)

    def import_signed(self, **properties: str) -> client.Image:
        return self.import_it(self.source, 'qcow2', **self.signed(),
                              **properties)

    def assert_queued(self, image: client.Image, *said: str) -> None:
        message = self.message(self.user, image['id'])
        for text in said:
            self.assertIn(text, message)
        self.assertEqual(('queued', []),
                         (image['status'], image['locations']))
        for store in plugin_case.ALL:
            self.assertFalse(
                self.api.stored_copy(image['id'], store).exists())

    def assert_kept(self, image: client.Image, source: pathlib.Path,
                    given: dict[str, str]) -> None:
        """Stored as it came, the user's signature good for it."""
        self.assert_stored(self.api, image, images.digests(source),
                           *plugin_case.ALL)
        self.assertEqual(given, {name: image[name] for name in given})
        self.assertEqual([], lifecycle_names(image))


def lifecycle_names(image: client.Image) -> list[str]:
    return sorted(name for name in image if name.startswith('lifecycle_'))


class ResignTest(SigningTestCase):

    # What others accept.

    def cursive(self, image: client.Image, path: pathlib.Path) -> None:
        """As nova.image.glance does it.

        :raises InvalidSignature:
        """
        fixture = config_fixture.Config(cfg.CONF)
        with fixture:
            file_key_manager.register_opts(cfg.CONF)
            fixture.register_opts([*key_manager.key_manager_opts],
                                  group='key_manager')
            fixture.config(group='key_manager', backend='lifecycle_file')
            fixture.config(group='lifecycle_file_key_manager',
                           directory=str(self.certificates))
            verifier = signature_utils.get_verifier(
                None, image['img_signature_certificate_uuid'],
                image['img_signature_hash_method'], image['img_signature'],
                image['img_signature_key_type'])
        with path.open('rb') as data:
            while chunk := data.read(images.MIB):
                verifier.update(chunk)
        verifier.verify()

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
            ('raw', 'SHA-512', 'RSA-PSS', SERVICE, 'demo'),
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
        for offset in (0, 1, SIZE // 2, SIZE - 1):
            with flipped(path, offset):
                self.assertRaises(crypto_exceptions.InvalidSignature,
                                  self.cursive, image, path)
                self.assertRaisesRegex(RuntimeError, 'Verification failure',
                                       self.openssl, image, path)
        self.cursive(image, path)

    # The attestation.

    def verify(self, image: client.Image, text: str) -> attestation.Record:
        return attestation.verify(
            text, certificates.load(self.service.pem), SERVICE,
            image_id=image['id'], os_hash_algo=image['os_hash_algo'],
            os_hash_value=image['os_hash_value'])

    def test_attestation(self) -> None:
        given = self.signed()
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
            (USER, 'CN=builder', 'RSA-PSS', 'SHA-256', 'verified'),
            (record.signature.certificate_id, record.signature.subject,
             record.signature.key_type, record.signature.hash_method,
             record.signature.result))
        self.assertEqual(certificates.summary(
            self.builder.certificate).fingerprint,
            record.signature.fingerprint)
        age = datetime.datetime.now(datetime.UTC) - record.time
        self.assertLess(abs(age.total_seconds()), 60)
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
        for change in ({'id': USER}, {'os_hash_value': '00' * 64},
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
            'lifecycle_source_signature_key_type'], lifecycle_names(image))
        self.assertNotIn('forged', image.values())
        self.verify(image, image['lifecycle_attestation'])
        # Unsigned and converted.
        image = self.import_it(self.source, 'qcow2', **forged)
        self.assertEqual(('active', []),
                         (image['status'], lifecycle_names(image)))
        # Nothing is converted, so nothing is attested.
        raw = images.raw(self.work / 'raw', SIZE)
        for given in ({}, self.signed(raw)):
            image = self.import_it(raw, 'raw', **given, **forged)
            self.assert_kept(image, raw, given)

    def test_wrong_padding(self) -> None:
        signature = self.builder.sign(
            self.source, 'SHA-256', '-sigopt', 'rsa_padding_mode:pkcs1')
        image = self.import_it(self.source, 'qcow2',
                               **pki.properties(signature, USER))
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
        images.convert(self.noise(64 * images.MIB), 'raw', source, 'qcow2')
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
        self.assertEqual([], lifecycle_names(image))
        self.user.import_image(image['id'], all_stores=True)
        image = self.user.wait_import(image['id'])
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual(5, len(lifecycle_names(image)))


class OnConvertTest(SigningTestCase):

    def restart(self, **options: object) -> None:
        self.api.configure(lifecycle_signing=options)
        self.api.restart()
        self.user = self.api.user()

    def test_keep(self) -> None:
        self.restart(on_convert='keep')
        given = self.signed()
        image = self.import_it(self.source, 'qcow2', **given)
        self.assertEqual('qcow2', image['disk_format'])
        self.assert_kept(image, self.source, given)
        # Others are converted.
        image = self.import_it(self.source, 'qcow2')
        self.assertEqual('raw', image['disk_format'])
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)

    def test_strip_and_always(self) -> None:
        self.restart(on_convert='strip', required='always')
        self.addCleanup(self.api.configure,
                        lifecycle_signing={'required': 'signed-only'})
        given = self.signed()
        image = self.import_it(self.source, 'qcow2', **given)
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual([], [name for name in image
                              if name.startswith('img_signature')])
        self.assertEqual(
            {'lifecycle_source_' + name.removeprefix('img_'): value
             for name, value in given.items()},
            {name: image[name] for name in lifecycle_names(image)})
        # The signer must be right there too.
        self.assert_queued(self.import_it(
            self.source, 'qcow2', **given | {
                'img_signature_certificate_uuid': SERVICE}),
            '(signature-')
        self.assert_queued(self.import_it(self.source, 'qcow2'),
                           '(signature-required)')
        raw = images.raw(self.work / 'raw', SIZE)
        self.assert_queued(self.import_it(raw, 'raw'),
                           '(signature-required)')
        given = self.signed(raw)
        self.assert_kept(self.import_it(raw, 'raw', **given), raw, given)

    def test_revoked(self) -> None:
        serial = self.builder.certificate.serial_number
        self.restart(on_convert='resign', denied_serials=f'{serial:x}')
        self.addCleanup(self.api.configure,
                        lifecycle_signing={'denied_serials': ''})
        self.assert_queued(self.import_signed(), '(certificate-denied)',
                           'CN=builder', f'{serial:X}')

    def test_refuse(self) -> None:
        self.restart(on_convert='refuse')
        self.assert_queued(self.import_signed(), '(signature-conversion)',
                           'Convert it to raw')
        raw = images.raw(self.work / 'raw', SIZE)
        given = self.signed(raw)
        self.assert_kept(self.import_it(raw, 'raw', **given), raw, given)


class ProtectedTest(SigningTestCase):
    """With the property protections that we ship."""

    conf = {'DEFAULT': {
        'property_protection_file':
            ETC / 'property-protections-lifecycle.conf',
        'property_protection_rule_format': 'roles'}}

    def assert_forbidden(self, call: Callable[..., object], *args: object,
                         **options: object) -> None:
        error = self.assertRaises(client.HttpError, call, *args, **options)
        self.assertEqual(403, error.status)

    def test_only_the_import_writes(self) -> None:
        self.assert_forbidden(self.user.create_image,
                              lifecycle_attestation='forged')
        image = self.user.create_image()
        self.assert_forbidden(self.user.update, image['id'],
                              lifecycle_source_signature='forged')
        image = self.import_signed(os_distro='demo')
        self.assert_stored(self.api, image, self.expected, *plugin_case.ALL)
        self.assertEqual(5, len(lifecycle_names(image)))
        for name in lifecycle_names(image):
            self.assert_forbidden(self.user.update, image['id'],
                                  **{name: 'forged'})
            self.assert_forbidden(self.remove, image['id'], name)
        self.assertEqual(
            {name: image[name] for name in lifecycle_names(image)},
            {name: self.user.get(image['id'])[name]
             for name in lifecycle_names(image)})
        self.user.update(image['id'], os_distro='other')

    def remove(self, image_id: str, name: str) -> None:
        self.user.request(
            'PATCH', f'images/{image_id}',
            data=json.dumps([{'op': 'remove', 'path': f'/{name}'}]),
            headers={'Content-Type': 'application/'
                     'openstack-images-v2.1-json-patch'})


class ProtectedStagedTest(ProtectedTest):

    mode = 'staged'


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
