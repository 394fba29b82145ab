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

"""What ``[<store>] rbd_store_*`` mean, as glance_store reads them.

Source: glance_store 5.7 ``_drivers/rbd.py``, ``configure_add``, ``add`` and
``StoreLocation.get_uri``. Here it is plain data, so that it travels to the
child process and lies in the journal. The key is not part of it: librados
finds it by ceph.conf, as it does for the driver.
"""

import importlib
import importlib.util
import os
import re
import string
from typing import Any
from typing import NoReturn
import urllib.parse

from glance_lifecycle import exceptions
from glance_lifecycle.transfer.backends import settings
from glance_lifecycle.transfer import confine

# The name that Glance, Nova and Cinder clone by.
SNAPSHOT = 'snap'

# rbd takes objects of 4 KiB to 32 MiB.
_LARGEST_ORDER = 25

# Where librados looks by itself.
_KEYRINGS = ('/etc/ceph/$cluster.$name.keyring', '/etc/ceph/$cluster.keyring',
             '/etc/ceph/keyring', '/etc/ceph/keyring.bin')

_PACKAGES = {'rados': 'python3-rados', 'rbd': 'python3-rbd'}


def _refuse(store: str, detail: str) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: %s' % (store, detail))


def describe(conf: Any, store: str) -> dict[str, Any]:
    """The options of RbdSink.

    :returns: ``pool``; ``user``, '' for librados' own choice;
        ``conf_file``, '' for its usual places; ``order``, objects are of
        two to this power bytes; ``timeout`` in seconds, negative where
        none is set
    :raises ConfigurationError: Ceph's libraries are missing, or the store
        could hold no image
    """
    for module in _PACKAGES:
        if importlib.util.find_spec(module) is None:
            _missing(store, module)
    # Late: it costs half a second, which the child process never pays.
    driver = importlib.import_module('glance_store._drivers.rbd')
    read = settings.StoreSettings(conf, store, driver.Store.OPTIONS)
    if not read['rbd_store_pool']:
        _refuse(store, 'set rbd_store_pool in [%s].' % store)
    # The driver rounds down to a power of two.
    order = (read['rbd_store_chunk_size'] << 20).bit_length() - 1
    if order > _LARGEST_ORDER:
        _refuse(store, 'rbd_store_chunk_size = %d is more than the 32 MiB '
                'that rbd can do.' % read['rbd_store_chunk_size'])
    return {
        'pool': read['rbd_store_pool'],
        'user': read['rbd_store_user'] or '',
        'conf_file': read['rbd_store_ceph_conf'] or '',
        'order': order,
        'timeout': read['rados_connect_timeout'],
    }


def reach(options: dict[str, Any]) -> confine.Reach:
    """ceph.conf, the keyrings that it names or that are looked for without,
    and the processes of this host: a mark says which one writes an image.
    """
    user = 'client.%s' % (options['user'] or 'admin')
    files = ([options['conf_file']] if options['conf_file'] else
             [os.environ.get('CEPH_CONF', ''), '/etc/ceph/ceph.conf',
              os.path.expanduser('~/.ceph/ceph.conf')])
    found = [path for path in files if path]
    for path in list(found):
        cluster = os.path.splitext(os.path.basename(path))[0]
        words = {'cluster': cluster, 'name': user, 'type': 'client',
                 'id': user.partition('.')[2]}
        found.extend(string.Template(place).safe_substitute(words)
                     for place in (*_KEYRINGS, *_keyrings(path)))
    return confine.Reach(network=True, read=(*found, '/proc'))


def _keyrings(conf_file: str) -> list[str]:
    """What the options ``keyring`` and ``keyfile`` name, in any section."""
    try:
        with open(conf_file, errors='replace') as stream:
            values = re.findall(
                r'^[^\S\n]*key[ _-]?(?:ring|file)\s*=\s*([^#;\n]+)',
                stream.read(), re.M)
    except OSError:
        # Connecting will say so.
        return []
    return [place for value in values
            for place in re.split(r'[\s,"]+', value) if place]


def bindings(store: str) -> tuple[Any, Any]:
    """The modules ``rados`` and ``rbd``.

    :raises ConfigurationError: one is missing or cannot be loaded
    """
    modules = []
    for module in _PACKAGES:
        try:
            modules.append(importlib.import_module(module))
        except ImportError as error:
            _missing(store, module, error)
    rados, rbd = modules
    return rados, rbd


def _missing(store: str, module: str,
             error: ImportError | None = None) -> NoReturn:
    raise exceptions.ConfigurationError(
        detail='store %s: the Python module %s is missing or cannot be '
        'loaded. Install the package %s of the distribution, for the Python '
        'that glance-api runs with.' % (store, module, _PACKAGES[module])
    ) from error


def location(fsid: str, pool: str, image_id: str) -> str:
    """The URL of a stored image, as the driver makes it."""
    return 'rbd://' + '/'.join(
        urllib.parse.quote(part, '')
        for part in (fsid, pool, image_id, SNAPSHOT))
