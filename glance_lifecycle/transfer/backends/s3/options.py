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

"""How an S3 store is configured, and what follows from it.

Source: glance_store 5.7 ``_drivers/s3.py``, ``configure_add``,
``_create_s3_client``, ``add`` and ``StoreLocation.get_uri``. The keys are
not part of it: the process that needs them reads them. Before 5.7 the driver
writes them into each location, and reads them from nowhere else.
"""

from collections.abc import Callable
from collections.abc import Mapping
import importlib
import importlib.util
from typing import Any
from typing import NoReturn

from glance_lifecycle.conf import transfer as conf_transfer
from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import settings

MIB = 1024 * 1024

_PACKAGES = ('boto3', 'botocore')
_REQUIRED = ('s3_store_host', 's3_store_access_key', 's3_store_secret_key',
             's3_store_bucket', 's3_store_bucket_url_format')

#: What nothing but a connection, and a location of old, has a use for.
KEYS = ('s3_store_access_key', 's3_store_secret_key')

_UNREADABLE = ':@?#'

# Amazon's own limits, which others have taken over.
_LEAST_PART = 5 * MIB
_PARTS = 10000

# A part is in memory until the service has it.
_LARGEST_PART = 32 * MIB
_HELD = 48 * MIB
_TWO_HELD = 64 * MIB


def _refuse(store: str, detail: str) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: %s' % (store, detail))


def describe(conf: Any, store: str) -> dict[str, Any]:
    """The options of S3Sink.

    :returns: ``bucket``; ``url``, which a slash and the key complete;
        ``client``, keyword arguments of botocore's ``create_client``;
        ``config``, those of its ``Config``; ``embeds``, whether locations
        hold the keys; ``create``, whether to make the
        bucket, and ``create_region``; ``part_size`` in bytes; ``senders``;
        ``timeout`` in seconds; and ``settings.files``
    :raises ConfigurationError: boto3 is missing, or the driver itself could
        not use the store
    """
    for module in _PACKAGES:
        if importlib.util.find_spec(module) is None:
            _missing(store, module)
    config = botocore(store, 'config').Config
    if 'request_checksum_calculation' not in config.OPTION_DEFAULTS:
        _refuse(store, 'boto3 is older than 1.36.')
    # Late: it costs half a second, which the child process never pays.
    driver = importlib.import_module('glance_store._drivers.s3')
    conf_transfer.register_opts(conf)
    read = settings.StoreSettings(conf, store, driver.Store.OPTIONS)
    known = {opt.name for opt in driver.Store.OPTIONS}

    def optional(name: str) -> Any:
        """The older releases of glance_store do not have all."""
        return read[name] if name in known else None

    _check(store, read)
    host = read['s3_store_host']
    amazon = driver.get_s3_location(host)
    region = optional('s3_store_region_name')
    endpoint = host if region or not amazon else None
    if endpoint and '://' not in endpoint:
        _refuse(store, 's3_store_host = %s needs http:// or https:// before '
                'it: boto3 takes no other address.' % host)
    return {
        'bucket': read['s3_store_bucket'],
        'url': _url(host, read['s3_store_bucket']),
        'client': {
            'region_name': region or amazon or None,
            'endpoint_url': endpoint,
            'use_ssl': host.startswith('https://'),
            'verify': optional('s3_store_cacert') or None},
        'config': {
            's3': {'addressing_style': read['s3_store_bucket_url_format']},
            **_checksums(optional)},
        'embeds': _embeds(driver),
        'create': bool(read['s3_store_create_bucket_on_put']),
        'create_region': region or amazon or '',
        'part_size': read['s3_store_large_object_chunk_size'] * MIB,
        'senders': read['s3_store_thread_pools'],
        'timeout': conf.lifecycle_transfer.object_store_timeout,
        **settings.files(conf)}


def _check(store: str, read: settings.StoreSettings) -> None:
    for name in _REQUIRED:
        if not read[name]:
            _refuse(store, 'set %s in [%s].' % (name, store))
    if read['s3_store_large_object_chunk_size'] * MIB < _LEAST_PART:
        _refuse(store, 's3_store_large_object_chunk_size = %d is less than '
                'the 5 MiB that a part must have.' %
                read['s3_store_large_object_chunk_size'])
    if read['s3_store_thread_pools'] <= 0:
        _refuse(store, 's3_store_thread_pools must be positive.')
    utils = importlib.import_module('botocore.utils')
    if read['s3_store_bucket_url_format'] == 'virtual' and (
            not utils.check_dns_name(read['s3_store_bucket'])):
        _refuse(store, 's3_store_bucket = %s cannot be part of a host name; '
                'set s3_store_bucket_url_format = path.' %
                read['s3_store_bucket'])


def _checksums(option: Callable[[str], Any]) -> dict[str, str]:
    """What botocore adds of itself; every part has its MD5 anyway."""
    protect = option('s3_store_enable_data_integrity_protection')
    return {
        '%s_checksum_%s' % kind: (
            option('s3_store_%s_checksum_%s' % kind) if protect
            else 'when_required')
        for kind in (('request', 'calculation'),
                     ('response', 'validation'))}


def _url(host: str, bucket: str) -> str:
    scheme = 's3+https' if host.startswith('https://') else 's3'
    return '%s://%s/%s' % (scheme, host.rpartition('://')[2].strip('/'),
                           bucket)


def _missing(store: str, module: str,
             error: ImportError | None = None) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: the Python module %s is missing or cannot be '
        'loaded. Install boto3 where glance-api runs: pip install '
        'glance-lifecycle[s3].' % (store, module)) from error


def botocore(store: str, name: str) -> Any:
    """A module of botocore.

    :raises ConfigurationError: it is missing
    """
    try:
        return importlib.import_module('botocore.' + name)
    except ImportError as error:
        _missing(store, 'botocore', error)


def _embeds(driver: Any) -> bool:
    """Whether the installed release writes keys into locations."""
    return '@' in driver.StoreLocation({
        'scheme': 's3', 's3serviceurl': 'host', 'bucket': 'b', 'key': 'k',
        'accesskey': 'access', 'secretkey': 'secret'}, None).get_uri()


def embedded_keys(options: dict[str, Any], store: str,
                  read: Mapping[str, Any] | settings.StoreSettings) -> str:
    """What stands before the host in a location; empty for nothing.

    :param read: the store's options
    :raises ConfigurationError: the driver could not read its own locations
    """
    if not options.get('embeds'):
        # Nor in the journals of the releases before.
        return ''
    keys = [str(read[name]) for name in KEYS]
    if any(sign in key for key in keys for sign in _UNREADABLE):
        _refuse(store, 's3_store_access_key or s3_store_secret_key has one '
                'of %s, and the installed glance_store reads no location '
                'with that.' % ' '.join(_UNREADABLE))
    return ':'.join(keys)


def location(options: dict[str, Any], image_id: str, keys: str = '') -> str:
    """The URL of a stored image, as the driver makes it.

    :param keys: what ``embedded_keys`` returned
    """
    scheme, _, place = options['url'].partition('://')
    return '%s://%s%s/%s' % (scheme, keys and keys + '@', place, image_id)


def claimed(options: dict[str, Any], image_id: str) -> tuple[str, ...]:
    """What names the object to the other transfers of this host."""
    return str(options['url']), image_id


def part_size(options: dict[str, Any], size: int) -> int:
    """Bytes of every part but the last, for an image of ``size`` bytes.

    As configured where that can be held in memory, but so many that 10,000
    parts suffice.
    """
    wanted = min(int(options['part_size']), _LARGEST_PART)
    needed = -(-size // _PARTS)
    if needed <= wanted:
        return wanted
    # Whole MiB, like those that are configured.
    return -(-needed // MIB) * MIB


def parts_held(options: dict[str, Any], size: int) -> int:
    """How many parts of ``size`` bytes may be in memory, one being filled.

    48 MiB, or two parts; one where a single part is more than 64 MiB, which
    is so from 625 GiB on.
    """
    least = 2 if size <= _TWO_HELD else 1
    return max(least, min(int(options['senders']) + 1, _HELD // size))
