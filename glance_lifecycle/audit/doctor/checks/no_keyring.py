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

"""GLC217"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:rbd\n[glance_store]\n'
         'default_backend = a\n[a]\nrbd_store_user = glance\n')
_KEYRING = '/etc/ceph/ceph.client.glance.keyring'


class NoKeyring(check.Check):
    """glance-api finds no key for its Ceph store, or may not read it.

    Ceph's library looks for ``ceph.client.USER.keyring`` in /etc/ceph, or
    where ``keyring`` of ceph.conf says. Without a key it is refused, and no
    image can be read or written. Looked at only with ``--this-host``.

    Put the keyring there, and let the group of glance-api read it, and nobody
    else.
    """

    code = 'GLC217'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"%s": {"owner": "root", "exists": false}}}' % _KEYRING},
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"%s": {"owner": "root", "mode": "600"}}}' % _KEYRING},
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"%s": {"owner": "glance", "mode": "644"}}}' % _KEYRING},
    )
    good = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"%s": {"owner": "root", "groups": ["glance"], '
         '"mode": "640"}}}' % _KEYRING},
        # The configuration of Ceph names another place.
        {'glance-api.conf': _CONF, 'ceph.conf': '[client.glance]\n'
         'keyring = /srv/glance.keyring\n', 'this-host.json':
         '{"places": {"%s": {"exists": false}}}' % _KEYRING},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.here is None:
            return
        user = directories.user(host)
        for store, driver in host.stores.items():
            ceph_user = host.value(store, 'rbd_store_user') if (
                driver == 'rbd') else None
            if not ceph_user:
                continue
            named = host.value(store, 'rbd_store_ceph_conf') or ''
            conf = host.beside.ceph_conf(named)
            section = 'client.%s' % ceph_user
            # A key may stand in ceph.conf itself: that is GLC833.
            if conf and any(conf.value(name, section) for name in (
                    'keyring', 'key', 'keyfile')):
                continue
            cluster = named.rpartition('/')[2].removesuffix('.conf') or 'ceph'
            path = '/etc/ceph/%s.%s.keyring' % (cluster, section)
            place = host.here.place(path)
            # Ceph knows three more names, without the user or the cluster.
            others = [host.here.place('/etc/ceph/' + name) for name in (
                cluster + '.keyring', 'keyring', 'keyring.bin')]
            if place is None or not place.looked or (
                    not place.exists and any(
                        one and one.exists for one in others)):
                continue
            open_to_all = place.exists and place.mode & 4
            shown = masking.value(path)
            if not place.exists or open_to_all or (
                    place.lets(user, 4) is False):
                yield self.found(
                    host, 'store %s' % masking.name(store),
                    '%s %s.' % (shown, 'does not exist' if not place.exists
                                else 'may be read by everybody' if open_to_all
                                else 'may not be read by %s' % user),
                    'Run: ceph auth get %s -o %s && chown root:%s %s && '
                    'chmod 640 %s.' % (
                        masking.name(section), shown, user or 'glance',
                        shown, shown),
                    host.setting(store, 'rbd_store_user'),
                    severity=check.WARNING if open_to_all else None)
