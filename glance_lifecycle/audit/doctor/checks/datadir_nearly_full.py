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

"""GLC215"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = /srv/images\n')
_GIB = 1 << 30


class DatadirNearlyFull(check.Check):
    """The file system of a store is nearly full.

    Less than a tenth of it is free, and less than 100 GiB. An image that does
    not fit is refused at its end, after all of it was sent, and others that
    arrive at the same time with it. Looked at only with ``--this-host``.

    Make room: ``openstack image lifecycle audit`` says what nobody needs. Or
    let another store be the default.
    """

    code = 'GLC215'
    bad = ({'glance-api.conf': _CONF, 'this-host.json':
            '{"places": {"/srv/images": {"size": 1000000000000, '
            '"free": 50000000000}}}'},)
    good = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"size": 1000000000000, '
         '"free": 500000000000}}}'},
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"kind": "nfs4", "looked": false}}}'},
    )

    _PART = 10
    _ENOUGH = 100 * _GIB

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for one in directories.stores(host) if host.here else ():
            place = host.here and host.here.place(one.path)
            if place and place.looked and place.size and (
                    place.free * self._PART < place.size
                    and place.free < self._ENOUGH):
                yield self.found(
                    host, 'store %s' % masking.name(one.store),
                    'Of %.0f GiB, %.1f GiB are free at %s.' % (
                        place.size / _GIB, place.free / _GIB,
                        masking.value(one.path)),
                    'Make room, or set default_backend in [glance_store] to '
                    'another store.', one.setting)
