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

"""GLC206"""

from collections.abc import Iterator
import os.path

from glance_lifecycle.audit.doctor import ceph
from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class SharedPlace(check.Check):
    """Two stores keep their images in the same place.

    An image is an object of its id in each. Where two stores are one place,
    the second copy of an image cannot be written, or is the first; and
    dropping one copy deletes the bytes of both.

    Give each store a directory, pool, container or bucket of its own. Before
    you move anything, see where the images are that name these stores.
    """

    code = 'GLC206'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file,b:file\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nfilesystem_store_datadir = /srv/images\n'
         '[b]\nfilesystem_store_datadir = /srv/images/\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd,b:rbd\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nrbd_store_user = glance\n[b]\nrbd_store_user = other\n'},
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd,b:rbd\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nrbd_store_ceph_conf = /etc/ceph/ceph.conf\n'
         '[b]\nrbd_store_user = glance\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file,b:file\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nfilesystem_store_datadir = /srv/a\n'
         '[b]\nfilesystem_store_datadir = /srv/b\n'},
        # Clusters of two configuration files.
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:rbd,b:rbd\n'
         '[glance_store]\ndefault_backend = a\n'
         '[a]\nrbd_store_user = glance\n'
         'rbd_store_ceph_conf = /etc/ceph/a.conf\n'
         '[b]\nrbd_store_user = glance\n'
         'rbd_store_ceph_conf = /etc/ceph/b.conf\n'},
    )

    _MOST = 5

    #: driver -> the options that together are its place
    _PLACES = {
        'file': ('filesystem_store_datadir',),
        'rbd': ('rbd_store_ceph_conf', 'rbd_store_pool'),
        's3': ('s3_store_host', 's3_store_bucket'),
        'swift': ('swift_store_auth_address', 'swift_store_user',
                  'swift_store_config_file', 'default_swift_reference',
                  'swift_store_container'),
    }

    # That of Ceph itself: Glance has none.
    _DEFAULTS = {'rbd_store_ceph_conf': ceph.DEFAULT}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        places: dict[tuple[str, tuple[str | None, ...]], list[str]] = {}
        for store, driver in host.stores.items():
            names = self._PLACES.get(driver, ())
            values = [host.value(store, name) or self._DEFAULTS.get(name)
                      for name in names]
            if driver == 'file' and host.value(
                    store, 'filesystem_store_datadirs'):
                continue
            if any(values):
                places.setdefault((driver, tuple(
                    os.path.normpath(value) if driver == 'file' and value
                    else value for value in values)), []).append(store)
        for (driver, _values), stores in places.items():
            if len(stores) > 1:
                yield self._shared(host, self._PLACES[driver], stores)

    def _shared(self, host: hosts.Host, names: tuple[str, ...],
                stores: list[str]) -> finding.Finding:
        more = len(stores) - self._MOST
        shown = ' and '.join(sorted(map(masking.name, stores[:self._MOST])))
        if more > 0:
            shown += ' and %d more' % more
        return self.found(
            host, 'stores %s' % shown,
            'The stores %s are one place: %s.' % (
                shown, ' and '.join(names) + ' are the same'
                if len(names) > 1 else names[0] + ' is the same'),
            'Give %s another %s.' % (
                'one of them' if len(stores) == 2 else 'each of them',
                names[-1]),
            *(host.setting(store, name) for name in names
              for store in stores[:self._MOST]))
