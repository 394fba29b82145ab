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

"""A castellan key manager over a directory, for Glance, Nova and Cinder.

``[key_manager] backend = lifecycle_file``. An id is the name of a file:
``<id>.pem`` a certificate, ``<id>.key`` a private key, both PEM. There are no
users: every caller may read every object, as with certificates it should be.
Private keys have no certificate's id, so that the id in a user's image never
leads to one. Read-only; volume encryption needs a real key manager.
"""

import builtins
import os
from typing import Any
from typing import NoReturn

from castellan.common import exception as castellan_exceptions
from castellan.common.objects import managed_object
from castellan.common.objects import private_key
from castellan.common.objects import x_509
from castellan.key_manager import key_manager
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import serialization
from cryptography import x509
from oslo_config import cfg
from oslo_log import log as logging

from glance_lifecycle.conf import file_key_manager
from glance_lifecycle import exceptions
from glance_lifecycle.signing import certificates
from glance_lifecycle.signing import keys
from glance_lifecycle.signing import properties

LOG = logging.getLogger(__name__)

_CERTIFICATE = '.pem'
_KEY = '.key'
_ALGORITHMS = {rsa.RSAPrivateKey: 'RSA', dsa.DSAPrivateKey: 'DSA',
               ec.EllipticCurvePrivateKey: 'EC'}


class FileKeyManager(key_manager.KeyManager):
    """See the module. ``configuration`` is what castellan passes."""

    def __init__(self, configuration: cfg.ConfigOpts | None) -> None:
        conf = cfg.CONF if configuration is None else configuration
        file_key_manager.register_opts(conf)
        self._directory = str(
            conf[file_key_manager.GROUP.name].directory)

    def get(self, context: Any, managed_object_id: str,
            metadata_only: bool = False) -> managed_object.ManagedObject:
        """The object with this id.

        :raises ManagedObjectNotFoundError: none, or the id is no file's name
        :raises KeyManagerError: unreadable, unsafe permissions or not PEM
        """
        if not properties.is_object_id(managed_object_id):
            raise castellan_exceptions.ManagedObjectNotFoundError(
                uuid=properties.shown(managed_object_id))
        data = self._read(managed_object_id + _CERTIFICATE, private=False)
        if data is not None:
            return _certificate(managed_object_id, data, metadata_only)
        data = self._read(managed_object_id + _KEY, private=True)
        if data is not None:
            return _private_key(managed_object_id, data, metadata_only)
        raise castellan_exceptions.ManagedObjectNotFoundError(
            uuid=managed_object_id)

    def list(self, context: Any,
             object_type: type[managed_object.ManagedObject] | None = None,
             metadata_only: bool = False
             ) -> builtins.list[managed_object.ManagedObject]:
        try:
            names = sorted(os.listdir(self._directory))
        except OSError as e:
            raise castellan_exceptions.KeyManagerError(
                reason='directory: %s' % e.strerror) from None
        found = []
        for object_id in dict.fromkeys(
                name[:-4] for name in names
                if name.endswith((_CERTIFICATE, _KEY))):
            try:
                value = self.get(context, object_id, metadata_only)
            except castellan_exceptions.CastellanException as e:
                LOG.warning('Left out of the list: %s', e)
                continue
            if object_type is None or isinstance(value, object_type):
                found.append(value)
        return found

    def list_options_for_discovery(
            self) -> builtins.list[tuple[str | None, builtins.list[cfg.Opt]]]:
        return [(file_key_manager.GROUP.name,
                 builtins.list[cfg.Opt](file_key_manager.OPTS))]

    def create_key(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _read_only()

    def create_key_pair(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _read_only()

    def store(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _read_only()

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _read_only()

    def add_consumer(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _read_only()

    def remove_consumer(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise _read_only()

    def _read(self, name: str, private: bool) -> bytes | None:
        """The file's content; None if there is no such file."""
        try:
            return keys.read_file(os.path.join(self._directory, name),
                                  private=private, follow=False)
        except (FileNotFoundError, NotADirectoryError):
            if os.path.isdir(self._directory):
                return None
            raise castellan_exceptions.KeyManagerError(
                reason='[lifecycle_file_key_manager] directory does not '
                'exist') from None
        except (OSError, keys.UnsafeFile) as e:
            raise castellan_exceptions.KeyManagerError(
                reason='%s cannot be read: %s' % (
                    name, getattr(e, 'strerror', None) or e)) from None


def _certificate(object_id: str, data: bytes, metadata_only: bool
                 ) -> x_509.X509:
    try:
        # As Barbican's driver: PEM is kept, DER is given.
        encoded = x509.load_pem_x509_certificate(data).public_bytes(
            serialization.Encoding.DER)
    except certificates.FIELD_ERRORS:
        raise castellan_exceptions.KeyManagerError(
            reason='%s.pem is not a certificate in PEM' % object_id) from None
    return x_509.X509(None if metadata_only else encoded,
                      name=object_id, id=object_id)


def _private_key(object_id: str, data: bytes, metadata_only: bool
                 ) -> private_key.PrivateKey:
    try:
        key = keys.load_private_key(data)
    except exceptions.ConfigurationError as e:
        raise castellan_exceptions.KeyManagerError(
            reason='%s.key: %s' % (object_id, e.fields['detail'])) from None
    encoded = key.private_bytes(serialization.Encoding.DER,
                                serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    name = next(name for cls, name in _ALGORITHMS.items()
                if isinstance(key, cls))
    return private_key.PrivateKey(
        name, key.key_size, None if metadata_only else encoded,
        name=object_id, id=object_id)


def _read_only() -> NotImplementedError:
    return NotImplementedError(
        'the key manager lifecycle_file is read-only: put PEM files into its '
        'directory instead')
