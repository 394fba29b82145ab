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

"""How a Swift store is configured, and what follows from it.

Source: glance_store 5.7 ``_drivers/swift/store.py`` (``SingleTenantStore``,
``BaseStore.add``, ``StoreLocation.get_uri``) and ``utils.py``. Users and
keys are not part of it: the process that needs them reads them.
"""

import importlib
import importlib.util
from typing import Any
from typing import NoReturn
import urllib.parse

from glance_lifecycle.conf import transfer as conf_transfer
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import settings

_PACKAGES = ('swiftclient', 'keystoneauth1')

# What the driver calls a MB.
_MB = 1000 * 1024

# The driver numbers segments with five digits, and more would be sorted,
# and so read, in another order.
_SEGMENTS = 99999


def _refuse(store: str, detail: str) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: %s' % (store, detail))


def describe(conf: Any, store: str) -> dict[str, Any]:
    """The options of SwiftSink.

    :returns: ``container``, or its prefix where ``seed`` is not 0;
        ``create``, whether to make it; ``reference``, the account's section
        in ``swift_store_config_file``, '' where the location holds user and
        key; ``endpoint``, '' for the catalog's, with ``region``,
        ``service_type`` and ``endpoint_type``; ``insecure``, ``cacert``;
        ``single_below`` and ``segment_size`` in bytes; ``timeout`` in
        seconds; and ``settings.files``
    :raises ConfigurationError: python-swiftclient is missing, the store
        needs the user's token, or the driver itself could not use it
    """
    for module in _PACKAGES:
        if importlib.util.find_spec(module) is None:
            _missing(store, module)
    read = settings.StoreSettings(conf, store, driver_options())
    conf_transfer.register_opts(conf)
    if read['swift_store_multi_tenant']:
        _refuse(store, 'swift_store_multi_tenant stores with the token of '
                'the user, which a transfer does not have. Use [lifecycle] '
                'mode staged for this store.')
    if not read['swift_store_container']:
        _refuse(store, 'set swift_store_container.')
    reference = _reference(conf, store)
    account(conf, store, reference)
    return {
        'container': read['swift_store_container'],
        'seed': read['swift_store_multiple_containers_seed'],
        'create': bool(read['swift_store_create_container_on_put']),
        'reference': reference,
        'endpoint': read['swift_store_endpoint'] or '',
        'region': read['swift_store_region'] or '',
        'service_type': read['swift_store_service_type'],
        'endpoint_type': read['swift_store_endpoint_type'],
        'insecure': bool(read['swift_store_auth_insecure']),
        'cacert': read['swift_store_cacert'] or '',
        'account_file': conf[store].swift_store_config_file or '',
        'single_below': read['swift_store_large_object_size'] * _MB,
        'segment_size': read['swift_store_large_object_chunk_size'] * _MB,
        'timeout': conf.lifecycle_transfer.object_store_timeout,
        **settings.files(conf)}


def driver_options() -> list[Any]:
    # Late: it costs half a second.
    driver = importlib.import_module('glance_store._drivers.swift.store')
    return list(driver.BaseStore.OPTIONS)


def _reference(conf: Any, store: str) -> str:
    """The account that locations name, '' where they hold it themselves."""
    # The driver looks for these two in the store's own section only.
    if conf[store].swift_store_config_file is None:
        return ''
    reference = conf[store].default_swift_reference
    if not reference:
        _refuse(store, 'set default_swift_reference in [%s] too: locations '
                'made by it say swift+config://None otherwise, which Glance '
                'cannot read.' % store)
    return str(reference)


def accounts(conf: Any, store: str) -> dict[str, dict[str, Any]]:
    """All sections of swift_store_config_file, secrets included; or the
    account that the store's options make, by whatever name.

    :param conf: with the driver's options registered
    :raises ConfigurationError: the file cannot be read
    """
    utils = importlib.import_module('glance_store._drivers.swift.utils')
    try:
        return dict(utils.SwiftParams(conf, backend=store).params)
    except Exception as error:
        # The text may quote a line of the file.
        raise exceptions.ConfigurationError(
            detail='store %s: swift_store_config_file cannot be read (%s).' %
            (store, type(error).__name__)) from error


def account(conf: Any, store: str, reference: str) -> dict[str, Any]:
    """How to sign in, secrets included.

    :param conf: with the driver's options registered
    :param reference: the section, '' for the one made of options
    :returns: ``auth_address``; ``user`` (``project:name``) and ``key``, or
        ``application_credential_id`` and ``application_credential_secret``;
        ``user_domain_id`` and other domains
    :raises ConfigurationError: it is not complete
    """
    where = 'section %s of swift_store_config_file' % reference
    known = accounts(conf, store)
    if reference:
        found = known.get(reference)
    else:
        # There is one at most, whatever default_swift_reference calls it.
        where = ('swift_store_auth_address, swift_store_user and '
                 'swift_store_key')
        found = next(iter(known.values()), None)
    if not found or not found.get('auth_address'):
        _refuse(store, '%s must be there, and complete.' % where)
    has_credential = found.get('application_credential_id')
    if not has_credential and str(found.get('user')).count(':') != 1:
        _refuse(store, 'the user in %s must be PROJECT:NAME.' % where)
    return dict(found)


def _missing(store: str, module: str,
             error: ImportError | None = None) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: the Python module %s is missing or cannot be '
        'loaded. Install python-swiftclient where glance-api runs: pip '
        'install glance-lifecycle[swift].' % (store, module)) from error


def library(store: str, name: str) -> Any:
    """A module of swiftclient or keystoneauth1.

    :raises ConfigurationError: it is missing
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        _missing(store, name.partition('.')[0], error)


def container(options: dict[str, Any], image_id: str) -> str:
    """The container of an image, as ``get_container_name`` has it."""
    seed: int = options['seed']
    name = str(options['container'])
    if not seed:
        return name
    # Dashes do not count.
    length = seed + image_id[:seed].count('-')
    return '%s_%s' % (name, image_id.lower()[:length])


def claimed(options: dict[str, Any], store: str, place: str,
            image_id: str) -> tuple[str, ...]:
    """What names the object to the other transfers of this host.

    What names the account is a secret, or Keystone's to know.

    :param place: its container
    """
    return 'swift', *options['config_files'], store, place, image_id


def auth_url(account: dict[str, Any]) -> str:
    """Keystone's address."""
    address = str(account['auth_address'])
    return address if address.startswith('http') else 'https://' + address


def location(options: dict[str, Any], account: dict[str, Any],
             image_id: str) -> str:
    """The URL of a stored image, as the driver makes it.

    It holds the user's key where no ``swift_store_config_file`` is set.
    """
    place = '%s/%s' % (container(options, image_id).strip('/'), image_id)
    if options['reference']:
        return 'swift+config://%s/%s' % (options['reference'], place)
    address = str(account['auth_address'])
    scheme = ('swift+http' if address.startswith('http://')
              else 'swift+https')
    user = ''
    if account.get('user') and account.get('key'):
        user = '%s:%s@' % (urllib.parse.quote(account['user']),
                           urllib.parse.quote(account['key']))
    return '%s://%s%s/%s' % (
        scheme, user, address.rpartition('://')[2].strip('/'), place)


def is_segmented(options: dict[str, Any], size: int) -> bool:
    return size >= int(options['single_below'])


def segment_size(options: dict[str, Any], size: int) -> int:
    """Bytes of every segment but the last, for an image of ``size``."""
    return max(int(options['segment_size']), -(-size // _SEGMENTS))


def segment_name(image_id: str, number: int) -> str:
    """Counted from 1."""
    return '%s-%05d' % (image_id, number)


def segment_number(name: str) -> int:
    """The other way round."""
    return int(name.rpartition('-')[2])


def is_segment(image_id: str, name: str) -> bool:
    """Whether an object can be a segment of the image."""
    start, dash, number = name.rpartition('-')
    return bool(dash) and start == image_id and (
        len(number) >= 5 and number.isascii() and number.isdigit())
