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

"""Keys, certificates and signatures for the tests, made when first used."""

from collections.abc import Mapping
import datetime
import functools
import os
import shutil
import tempfile
from typing import Any
import unittest

from castellan.common import exception as castellan_exceptions
from castellan import key_manager
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric import utils
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography import x509
from cryptography.x509 import oid
from cursive import exception as cursive_exceptions
from cursive import signature_utils
from oslo_config import cfg
from oslo_config import fixture as config_fixture

from glance_lifecycle.conf import file_key_manager
from glance_lifecycle import exceptions
from glance_lifecycle.signing import algorithms
from glance_lifecycle.signing import properties

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
DATA = b'the image' * 1000
BACKEND = 'glance_lifecycle.signing.file_key_manager.FileKeyManager'

KEY_TYPES = {'rsa': 'RSA-PSS', 'dsa': 'DSA', 'p384': 'ECC_SECP384R1',
             'p521': 'ECC_SECP521R1'}
_CURVES: dict[str, Any] = {
    'p256': ec.SECP256R1, 'p384': ec.SECP384R1, 'p521': ec.SECP521R1}


@functools.lru_cache(None)
def key(name: str) -> Any:
    """A private key; a number after the kind makes another of it."""
    kind = name.split('-', maxsplit=1)[0]
    if kind == 'rsa':
        return rsa.generate_private_key(65537, 2048)
    if kind == 'rsa1024':
        return rsa.generate_private_key(65537, 1024)
    if kind == 'dsa':
        return dsa.generate_private_key(1024)
    return ec.generate_private_key(_CURVES[kind]())


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, common)])


def certify(private_key: Any, common: str = 'builder', *,
            issuer: tuple[x509.Certificate, Any] | None = None,
            not_before: datetime.datetime = NOW - 100 * DAY,
            not_after: datetime.datetime = NOW + 20000 * DAY,
            serial: int | None = None, ca: bool | None = None,
            path_length: int | None = None, usage: str | None = None,
            purposes: tuple[x509.ObjectIdentifier, ...] = (),
            extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
            ) -> x509.Certificate:
    """A certificate, self-signed without an issuer.

    :param usage: the one keyUsage bit that is set; None for no extension
    """
    signer = issuer[1] if issuer else private_key
    builder = x509.CertificateBuilder(
        name(common) if issuer is None else issuer[0].subject, name(common),
        private_key.public_key(), serial or x509.random_serial_number(),
        not_before, not_after)
    if ca is not None:
        builder = builder.add_extension(
            x509.BasicConstraints(ca, path_length), critical=True)
    if usage:
        bits = dict.fromkeys(
            ('digital_signature', 'content_commitment', 'key_encipherment',
             'data_encipherment', 'key_agreement', 'key_cert_sign',
             'crl_sign', 'encipher_only', 'decipher_only'), False)
        builder = builder.add_extension(
            x509.KeyUsage(**{**bits, usage: True}), critical=True)
    if purposes:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, hashes.SHA256())


@functools.lru_cache(None)
def certificate(kind: str) -> x509.Certificate:
    """Self-signed and valid for years, of ``key(kind)``."""
    return certify(key(kind), kind)


def digest(method: str, data: bytes = DATA) -> bytes:
    hasher = hashes.Hash(algorithms.HASH_METHODS[method])
    hasher.update(data)
    return hasher.finalize()


def sign(private_key: Any, method: str, data: bytes = DATA, *,
         salt: Any = padding.PSS.MAX_LENGTH, pkcs1: bool = False) -> bytes:
    algorithm = algorithms.HASH_METHODS[method]
    prehashed = utils.Prehashed(algorithm)
    value = digest(method, data)
    if isinstance(private_key, rsa.RSAPrivateKey):
        pad = (padding.PKCS1v15() if pkcs1 else
               padding.PSS(padding.MGF1(algorithm), salt))
        return private_key.sign(value, pad, prehashed)
    if isinstance(private_key, dsa.DSAPrivateKey):
        return private_key.sign(value, prehashed)
    signature: bytes = private_key.sign(value, ec.ECDSA(prehashed))
    return signature


def given(kind: str, method: str = 'SHA-256', signature: bytes | None = None,
          **changes: str) -> properties.SignatureProperties:
    """Properties of a signature by ``key(kind)``, good unless changed."""
    fields: dict[str, Any] = {
        'signature': signature or sign(key(kind), method),
        'hash_method': method, 'key_type': KEY_TYPES.get(kind, 'RSA-PSS'),
        'certificate_id': 'cert-' + kind}
    return properties.SignatureProperties(**{**fields, **changes})


def pem(value: x509.Certificate) -> bytes:
    return value.public_bytes(serialization.Encoding.PEM)


def private_pem(private_key: Any, passphrase: bytes | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase
        else serialization.NoEncryption())
    data: bytes = private_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        encryption)
    return data


class SigningTestCase(unittest.TestCase):
    """With a directory, and castellan set up to read it."""

    def setUp(self) -> None:
        super().setUp()
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        fixture = config_fixture.Config(cfg.CONF)
        fixture.setUp()
        self.addCleanup(fixture.cleanUp)
        file_key_manager.register_opts(cfg.CONF)
        fixture.register_opts([*key_manager.key_manager_opts],
                              group='key_manager')
        fixture.config(group='key_manager', backend=BACKEND)
        fixture.config(group='lifecycle_file_key_manager',
                       directory=self.directory)
        self.conf_fixture = fixture

    def write(self, file_name: str, data: bytes, mode: int = 0o600) -> str:
        path = os.path.join(self.directory, file_name)
        with open(path, 'wb') as file:
            file.write(data)
        os.chmod(path, mode)
        return path

    def refused(self, reason: str, call: Any, *args: Any, **kwargs: Any
                ) -> str:
        """The message of the refusal that the call must end in."""
        with self.assertRaises(exceptions.ImageRefused) as raised:
            call(*args, **kwargs)
        self.assertEqual(reason, raised.exception.reason,
                         str(raised.exception))
        return str(raised.exception)

    def cursive_accepts(self, props: properties.SignatureProperties
                        | Mapping[str, str], data: bytes = DATA) -> bool:
        """What Nova would say: its library, really fetching.

        :param props: or the image's own properties, as Nova reads them
        """
        values = props if isinstance(props, Mapping) else (
            props.to_properties())
        try:
            verifier = signature_utils.get_verifier(
                None, values['img_signature_certificate_uuid'],
                values['img_signature_hash_method'],
                values['img_signature'], values['img_signature_key_type'])
            verifier.update(data)
            verifier.verify()
        except (cursive_exceptions.SignatureVerificationError,
                castellan_exceptions.CastellanException):
            return False
        except Exception as e:
            if type(e).__name__ in ('InvalidSignature', 'ValueError'):
                return False
            raise
        return True
