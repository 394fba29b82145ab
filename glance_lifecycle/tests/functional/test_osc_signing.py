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

"""``openstack image lifecycle ...`` against a real glance-api."""

import hashlib
import json
import pathlib
import subprocess
from typing import Any

from glance_lifecycle.signing import attestation
from glance_lifecycle.signing import properties
from glance_lifecycle.signing import signer
from glance_lifecycle.tests.functional import base
from glance_lifecycle.tests.functional.fixtures import glance
from glance_lifecycle.tests.functional.fixtures import images
from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional.fixtures import pki

PSS = ('-sigopt', 'rsa_padding_mode:pss')


def openssl(*argv: str) -> None:
    subprocess.run(['openssl', *argv], check=True, capture_output=True)


class SigningCommandsTestCase(base.FunctionalTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.keys = self.work / 'keys'
        self.keys.mkdir()
        self.private = self.work / 'private'
        self.private.mkdir(mode=0o700)
        self.pair('builder')
        self.pair('service')
        self.config = self.work / 'lifecycle.conf'
        self.bundle = self.work / 'ca.pem'
        self.bundle.write_bytes(b''.join(
            (self.keys / f'{name}.pem').read_bytes()
            for name in ('builder', 'service')))
        self.api = self.useFixture(glance.GlanceApi(
            plugins=['lifecycle'], conf={
                'key_manager': {'backend': 'lifecycle_file'},
                'lifecycle_file_key_manager': {'directory': self.keys},
                'lifecycle_signing': {
                    'on_convert': 'resign',
                    'signing_key': self.private / 'service.key',
                    'signing_certificate_id': 'service'}}))
        self.openstack = openstack.OpenStack(self.api)

    def pair(self, name: str, days: int = 100, *, bits: int = 2048) -> None:
        openssl('req', '-x509', '-newkey', f'rsa:{bits}', '-nodes',
                '-keyout', str(self.private / f'{name}.key'),
                '-out', str(self.keys / f'{name}.pem'),
                '-subj', f'/CN={name}', '-days', str(days))
        (self.private / f'{name}.key').chmod(0o600)

    def lifecycle(self, *argv: object, code: int = 0, trust: bool = True
                  ) -> Any:
        """What the command answers, as JSON; on errors, what it says."""
        where = ['--key-directory', str(self.keys)]
        where += ['--ca-bundle', str(self.bundle)] if trust else []
        answer = self.openstack.run(
            'image', 'lifecycle', *map(str, argv), *where, '-f', 'json')
        self.assertEqual(code, answer.code, str(answer))
        return answer.json if answer.stdout else answer.stderr

    def sign(self, path: pathlib.Path, disk_format: str, *argv: object,
             code: int = 0) -> Any:
        return self.lifecycle(
            'sign', path, '--key', self.private / 'builder.key',
            '--certificate-id', 'builder', '--create', 'signed',
            '--disk-format', disk_format, *argv, code=code)

    def verify(self, image_id: str, *argv: object, code: int = 0,
               trust: bool = True) -> dict[str, tuple[str, str]]:
        rows = self.lifecycle('verify', image_id, *argv, code=code,
                              trust=trust)
        return {row['Check']: (row['Result'], row['Reason'])
                for row in rows}

    def test_convert_resign_and_verify(self) -> None:
        source = images.make(self.work / 'a.qcow2', 'qcow2')
        expected = images.reference(source, 'qcow2')
        made = self.sign(source, 'qcow2', '--all-stores', '--property',
                         'os_distro=demo')
        self.assertEqual(('active', 'raw'),
                         (made['status'], made['disk_format']))
        user = self.api.user()
        image = user.get(made['id'])
        self.assertEqual('demo', image['os_distro'])
        self.assert_stored(self.api, image, expected, 's1', 's2', 's3')

        passed = ('passed', '')
        good = dict.fromkeys((
            'service-signature', 'service-certificate', 'service-chain',
            'attestation', 'user-signature', 'user-certificate',
            'user-chain'), passed)
        self.assertEqual({'stored-bytes': ('skipped', 'not-read'), **good},
                         self.verify(image['id']))
        self.assertEqual({'stored-bytes': passed, **good},
                         self.verify(image['id'], '--download'))
        # Nobody vouches for the signers.
        found = self.verify(image['id'], trust=False, code=3)
        self.assertEqual(('unknown', 'no-ca-bundle'), found['service-chain'])
        self.assertEqual(('unknown', 'attestation-unvouched'),
                         found['attestation'])
        self.assertEqual([], self.lifecycle('signature', 'audit'))

        shown = self.lifecycle('attestation', 'show', 'signed')
        self.assertEqual(
            (True, 'builder', 'verified', image['os_hash_value'], 'service'),
            (shown['verified'], shown['source_signature_certificate_id'],
             shown['source_signature'], shown['os_hash_value'],
             shown['signed_by']))

        self.tampered_copy(image['id'])
        self.tampered_properties(image)

    def tampered_copy(self, image_id: str) -> None:
        copy = self.api.stored_copy(image_id, 's1')
        for store in ('s2', 's3'):
            self.assertEqual(('passed', ''), self.verify(
                image_id, '--stored-copy', self.api.stored_copy(
                    image_id, store))['stored-bytes'])
        with copy.open('r+b') as file:
            file.seek(12345)
            byte = file.read(1)
            file.seek(12345)
            file.write(bytes([byte[0] ^ 1]))
        found = self.verify(image_id, '--stored-copy', copy, code=1)
        self.assertEqual(('failed', 'hash-mismatch'), found['stored-bytes'])
        self.assertEqual(('failed', 'signature-mismatch'),
                         found['service-signature'])
        self.assertEqual(('failed', 'attestation-subject'),
                         found['attestation'])
        self.assertEqual(('skipped', 'no-attestation'),
                         found['user-signature'])

    def tampered_properties(self, image: dict[str, Any]) -> None:
        user = self.api.user()
        for name, value, check, reason in (
                ('lifecycle_source_signature_certificate_uuid', 'service',
                 'user-signature', 'attestation-signer'),
                ('lifecycle_source_signature', image['img_signature'],
                 'user-signature', 'signature-mismatch'),
                ('lifecycle_attestation',
                 image['lifecycle_attestation'].replace('"service"',
                                                        '"builder"'),
                 'attestation', 'attestation-certificate'),
                ('lifecycle_attestation',
                 image['lifecycle_attestation'].replace('"sig":"', '"sig":"A'
                                                        'AAA'),
                 'attestation', 'attestation-signature'),
                ('lifecycle_attestation',
                 image['lifecycle_attestation'].replace(
                     '"keyid":', '"cert":"x","keyid":'),
                 'attestation', 'attestation-malformed'),
                ('lifecycle_attestation',
                 image['lifecycle_attestation'].replace(
                     '"keyid":"service"', '"keyid":1'),
                 'attestation', 'attestation-malformed'),
                # With the longest salt, the hash method is in doubt once in
                # 40.
                ('img_signature_hash_method', 'SHA-384',
                 'service-signature',
                 'signature-(hash-method|mismatch)')):
            user.update(image['id'], **{name: value})
            found = self.verify(image['id'], code=1)
            self.assertEqual('failed', found[check][0], name)
            self.assertRegex(found[check][1], f'^{reason}$', name)
            user.update(image['id'], **{name: image[name]})
        shown = self.lifecycle('attestation', 'show', image['id'],
                               '--service-certificate-id', 'other', code=1)
        self.assertEqual((False, 'certificate-not-service'),
                         (shown['verified'], shown['reason']))

    def forged(self, name: str, **dates: Any) -> dict[str, Any]:
        """An image whose owner says that the service signed it.

        Everything is right with it, but whose the certificate is.
        """
        mallory = pki.signer(self.private, name, **dates)
        (self.keys / f'{name}.pem').write_bytes(mallory.pem)
        user = self.api.user()
        image = user.create_image(disk_format='raw', visibility='private')
        user.upload(image['id'], b'x' * 1000)
        image = user.get(image['id'])
        service = signer.ServiceSigner(
            mallory.key, mallory.certificate, name,
            mallory.certificate.not_valid_before_utc)
        source = b'y' * 1000
        (self.work / name).write_bytes(source)
        claimed = properties.SignatureProperties(
            mallory.sign(self.work / name), 'SHA-256', 'RSA-PSS', name)
        text = attestation.create(attestation.Record(
            image_id=image['id'], os_hash_algo=image['os_hash_algo'],
            os_hash_value=image['os_hash_value'],
            source_digest={'sha256': hashlib.sha256(source).hexdigest()},
            source_size=len(source), source_format='qcow2',
            signature=attestation.SourceSignature.of(
                claimed, mallory.certificate), converter='glance_lifecycle',
            converter_version='1',
            time=mallory.certificate.not_valid_before_utc), service)
        user.update(image['id'], **{
            **claimed.to_source_properties(),
            **service.sign_digest(bytes.fromhex(image['os_hash_value']),
                                  'SHA-512').to_properties(),
            'lifecycle_attestation': text})
        return user.get(image['id'])

    def assert_refused(self, image_id: str, reason: str, *, code: int = 1,
                       audited: str = '', trust: bool = True,
                       service: tuple[str, ...] = ()) -> None:
        """By all three commands."""
        found = self.verify(image_id, *service, code=code, trust=trust)
        self.assertEqual(('unknown' if code == 3 else 'failed', reason),
                         found['attestation'])
        self.assertEqual(('skipped', 'no-attestation'),
                         found['user-signature'])
        # Not a word of what nobody signed.
        shown = self.lifecycle('attestation', 'show', image_id, '--envelope',
                               *service, code=code, trust=trust)
        self.assertEqual({'image_id', 'verified', 'reason', 'detail'},
                         set(shown))
        self.assertEqual((False, reason), (
            shown['verified'], shown['reason']))
        rows = self.lifecycle('signature', 'audit', *service, code=code,
                              trust=trust)
        self.assertIn(audited or reason, {
            row['Code'] for row in rows if row['Image'] in (image_id, '*')})

    def test_self_made_attestation(self) -> None:
        image = self.forged('mallory')
        self.assert_refused(image['id'], 'certificate-untrusted')
        self.assert_refused(image['id'], 'certificate-not-service',
                            service=('--service-certificate-id', 'service'),
                            trust=False)
        self.assert_refused(image['id'], 'attestation-unvouched', code=3,
                            audited='no-ca-bundle', trust=False)
        # Whoever says that this is the service gets what it says.
        shown = self.lifecycle(
            'attestation', 'show', image['id'], '--envelope',
            '--service-certificate-id', 'mallory', trust=False)
        self.assertEqual(
            (True, 'mallory', 'CN=mallory', image['lifecycle_attestation']),
            (shown['verified'], shown['signed_by'],
             shown['signed_by_subject'], shown['envelope']))

    def test_expired_attestation(self) -> None:
        image = self.forged('old', days=(-9, -1))
        with self.bundle.open('ab') as file:
            file.write((self.keys / 'old.pem').read_bytes())
        for trust, service in ((True, ()), (False, ()), (
                False, ('--service-certificate-id', 'old'))):
            self.assert_refused(image['id'], 'certificate-expired',
                                trust=trust, service=service)

    def test_attestation_of_other_than_the_stored_bytes_signer(self) -> None:
        """Two that are trusted, and each signs something else."""
        image = self.forged('mallory')
        with self.bundle.open('ab') as file:
            file.write((self.keys / 'mallory.pem').read_bytes())
        self.assertEqual(('passed', ''), self.verify(
            image['id'])['attestation'])
        self.api.user().update(image['id'], **properties.SignatureProperties(
            b'x' * 256, 'SHA-512', 'RSA-PSS', 'builder').to_properties())
        self.assert_refused(image['id'], 'attestation-certificate')

    def test_user_signature_kept(self) -> None:
        source = images.make(self.work / 'a.raw', 'raw',
                             size=8 * images.MIB)
        # SHA-256 is not Glance's os_hash: it takes a download.
        made = self.sign(source, 'raw', '--hash-method', 'SHA-256')
        found = self.verify(made['id'])
        self.assertEqual({
            'stored-bytes': ('passed', ''),
            'user-signature': ('passed', ''),
            'user-certificate': ('passed', ''),
            'user-chain': ('passed', ''),
            'service-signature': ('skipped', 'not-resigned'),
            'attestation': ('skipped', 'not-resigned')}, found)

    def test_import_refused(self) -> None:
        source = images.make(self.work / 'a.qcow2', 'qcow2')
        said = self.sign(source, 'raw', code=1)
        self.assertIn('Glance says:', said)
        self.assertIn('openstack image delete', said)

    def test_statement(self) -> None:
        """With the key of the service, it would be an attestation."""
        source = self.work / 'a.raw'
        source.write_bytes(
            b'DSSEv1 28 application/vnd.in-toto+json 2 {}'.ljust(512))
        self.assertIn('was not signed: it begins like a statement',
                      self.sign(source, 'raw', code=1))

    def test_openssl_and_its_mistakes(self) -> None:
        source = images.make(self.work / 'a.raw', 'raw',
                             size=8 * images.MIB)
        key = str(self.private / 'builder.key')
        for name, how in (('pss', PSS), ('pkcs1', ())):
            openssl('dgst', '-sha256', '-sign', key, *how, '-out',
                    str(self.work / name), str(source))
        given = ('--hash-method', 'SHA-256', '--certificate-id', 'builder')
        made = self.lifecycle('sign', source, '--signature',
                              self.work / 'pss', *given)
        self.assertEqual(sorted(properties.NAMES), sorted(made))
        said = self.lifecycle('sign', source, '--signature',
                              self.work / 'pkcs1', *given, code=1)
        self.assertIn('made with PKCS#1 v1.5 padding', said)

        options = [word for name, value in made.items()
                   for word in ('--property', f'{name}={value}')]
        self.assertEqual({('passed', '')}, set(
            self.verify(str(source), *options).values()))
        with source.open('ab') as file:
            file.write(b'x')
        self.assertEqual(
            ('failed', 'signature-mismatch'),
            self.verify(str(source), *options, code=1)['user-signature'])

    def test_audit(self) -> None:
        self.pair('soon', days=5)
        user = self.api.admin()
        wanted = {}
        for code, changes in (
                ('signature-incomplete', {'img_signature': 'AAAA'}),
                ('certificate-unknown', self.claimed('gone')),
                ('certificate-expires-soon', self.claimed('soon')),
                ('unsigned-public-image', {'visibility': 'public'}),
                ('unsigned-public-image', {'visibility': 'public',
                                           'os_hidden': True}),
                ('', {})):
            created: dict[str, Any] = {'visibility': 'private'} | {
                name: value for name, value in changes.items()
                if name not in properties.NAMES}
            image = user.create_image(disk_format='raw', **created)
            user.upload(image['id'], b'x' * 1000)
            # Not before: Glance would verify it.
            user.update(image['id'], **{
                name: value for name, value in changes.items()
                if name in properties.NAMES})
            if code:
                wanted[image['id']] = code
        admin = openstack.OpenStack(self.api, 'admin', 'admin', 'admin')
        # Pages of two: all of them are looked at.
        answer = admin.spawn(
            'image', 'lifecycle', 'signature', 'audit', '--page-size', '2',
            '--key-directory', str(self.keys), '-f', 'json')
        self.assertEqual(1, answer.code, str(answer))
        found = {row['Image']: row['Code'] for row in answer.json
                 if row['Code'] not in ('signature-not-read', 'no-ca-bundle')}
        self.assertEqual(wanted, found, json.dumps(answer.json, indent=1))

    def test_audit_of_what_cannot_be_told(self) -> None:
        """Exit codes 3 and 4: nothing is bad, and all is not well."""
        source = images.make(self.work / 'a.raw', 'raw',
                             size=8 * images.MIB)
        user = self.api.admin()
        public = user.create_image(disk_format='raw', visibility='public')
        user.upload(public['id'], b'x' * 1000)
        rows = self.lifecycle('signature', 'audit', code=4)
        self.assertEqual([('unsigned-public-image', 'warning')],
                         [(row['Code'], row['Severity']) for row in rows])
        # The hash that was signed is not the one that Glance has.
        made = self.sign(source, 'raw', '--hash-method', 'SHA-256')
        rows = self.lifecycle('signature', 'audit', code=3)
        self.assertIn(('signature-not-read', 'unknown', made['id']), [
            (row['Code'], row['Severity'], row['Image']) for row in rows])

    def claimed(self, certificate_id: str) -> dict[str, str]:
        return properties.SignatureProperties(
            b'x' * 256, 'SHA-256', 'RSA-PSS', certificate_id).to_properties()
