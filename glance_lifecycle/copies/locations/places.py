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

"""Where a store is, by the configuration of this host."""

from collections.abc import Callable
from typing import NoReturn

from oslo_config import cfg

from glance_lifecycle.copies.locations import deciding
from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.transfer.backends.file import options as file_options
from glance_lifecycle.transfer.backends.rbd import cluster
from glance_lifecycle.transfer.backends.rbd import options as rbd_options
from glance_lifecycle.transfer.backends.s3 import options as s3_options
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer.backends.swift import options as swift_options

CONF = cfg.CONF


def configured(store: str) -> deciding.Place:
    """:raises ConfigurationError: there is no such store, its driver has no
        locations that can be told apart, or its own could not read them
    :raises StoreError: it has to be asked, and does not answer
    """
    driver = glance_host.store_driver(store)
    known: dict[str, Callable[[str], deciding.Place]] = {
        'file': _file, 'filesystem': _file, 'rbd': _rbd, 's3': _s3,
        'swift': _swift}
    if driver not in known:
        _refuse(store, 'nothing is known of the locations of its driver, %s'
                % driver)
    return known[driver](store)


def _refuse(store: str, detail: str) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: %s' % (store, detail))


def _s3(store: str) -> deciding.Place:
    options = s3_options.describe(CONF, store)
    # Registered by the line above.
    own, shared = CONF[store], CONF[settings.SHARED_GROUP]
    return deciding.S3Place(options['url'], s3_options.embedded_keys(
        options, store, {name: own[name] or shared[name]
                         for name in s3_options.KEYS}))


def _swift(store: str) -> deciding.Place:
    options = swift_options.describe(CONF, store)
    account = swift_options.account(CONF, store, options['reference'])
    if not options['reference']:
        if not (account.get('user') and account.get('key')):
            _refuse(store, 'its locations hold a user and a key, and none '
                    'are configured. Application credentials need '
                    'swift_store_config_file')
        if '/' in account['user'] + account['key']:
            _refuse(store, 'glance_store cannot read a location with a slash '
                    'in its user or key. Set swift_store_config_file')
    return deciding.SwiftPlace(options, account,
                               swift_options.accounts(CONF, store))


def _rbd(store: str) -> deciding.Place:
    options = rbd_options.describe(CONF, store)
    found = cluster.Cluster(store, options)
    try:
        found.connect()
        return deciding.RbdPlace(found.fsid, options['pool'])
    finally:
        found.close()


def _file(store: str) -> deciding.Place:
    return deciding.FilePlace(tuple(
        path for path, _priority in
        file_options.describe(CONF, store)['datadirs']))
