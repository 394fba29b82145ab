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

"""Private keys: read, decode, measure. They are never shown.

No exception raised here holds any part of a key, and none is chained to the
library's own, whose text may.
"""

import os
import stat

from cryptography import exceptions as crypto_exceptions
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import serialization

from glance_lifecycle import exceptions

PrivateKey = dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

# A PEM file of one key, or of a certificate and its chain.
MAX_FILE = 256 * 1024

_ERRORS = (ValueError, TypeError, crypto_exceptions.UnsupportedAlgorithm)


class UnsafeFile(Exception):
    """A key's file that others could have read or put there."""


def read_file(path: str, *, private: bool, follow: bool) -> bytes:
    """The content of a small regular file.

    :param private: refuse a file that users other than owner and group may
        read, or that these may write
    :param follow: whether the last part of the path may be a symbolic link
    :raises OSError: as ``open()``; ELOOP for a link that may not be followed
    :raises UnsafeFile: not a regular file, too large, or permissions
    """
    # O_NONBLOCK: opening a FIFO must not wait for ever.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    if not follow:
        flags |= os.O_NOFOLLOW
    fd = os.open(path, flags)
    with open(fd, 'rb') as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise UnsafeFile('it is not a regular file')
        if private and status.st_mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise UnsafeFile(
                'its permissions are %s: run "chmod 640" (or 600) on it, and '
                'make a new key if others may have read it'
                % stat.filemode(status.st_mode))
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise UnsafeFile('it is larger than %d KiB' % (MAX_FILE // 1024))
    return content


def load_private_key(data: bytes, passphrase: str | None = None
                     ) -> PrivateKey:
    """A private key from PEM or DER (PKCS#8 or traditional).

    :raises ConfigurationError: not a key, wrong passphrase, or a kind of key
        that signs no images
    """
    secret = passphrase.encode('utf-8') if passphrase else None
    load = (serialization.load_pem_private_key if b'-----BEGIN' in data
            else serialization.load_der_private_key)
    failure = ''
    try:
        key = load(data, secret)
    except _ERRORS as e:
        failure = _why(e, passphrase)
    if failure:
        raise exceptions.ConfigurationError(detail=failure)
    if not isinstance(key, PrivateKey):
        raise exceptions.ConfigurationError(detail=(
            'the private key is neither RSA, DSA nor on an elliptic curve. '
            'Make one with "openssl genpkey -algorithm RSA -pkeyopt '
            'rsa_keygen_bits:3072".'))
    return key


def _why(error: Exception, passphrase: str | None) -> str:
    if isinstance(error, TypeError) and not passphrase:
        return ('the private key is protected by a passphrase, and none is '
                'configured. Set [lifecycle_signing] signing_key_passphrase.')
    if passphrase:
        return ('the private key cannot be decrypted or read: the passphrase '
                'is wrong, or the key does not have one, or it is damaged. '
                'Check it with "openssl pkey -noout -in FILE".')
    return ('the private key cannot be read. It must be PEM or DER; check it '
            'with "openssl pkey -noout -in FILE".')
