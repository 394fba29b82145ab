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

"""GLC216"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n[a]\nfilesystem_store_datadir = /srv/images\n')
_STAGING = '/var/lib/glance/os_glance_staging_store'


class StagingWithStore(check.Check):
    """Images are staged on the file system of a store, or of the system.

    Users stage images as large as ``image_size_cap``, and as many as they
    like. What they stage takes the room of the store, or of the whole host:
    one user can fill it. Looked at only with ``--this-host``.

    That is well where users are trusted. Else give staging a file system of
    its own.
    """

    code = 'GLC216'
    severity = check.INFO
    bad = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"device": 7}, '
         '"%s": {"device": 7}}}' % _STAGING},
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/": {"device": 7}, '
         '"%s": {"device": 7}}}' % _STAGING},
    )
    good = (
        {'glance-api.conf': _CONF, 'this-host.json':
         '{"places": {"/srv/images": {"device": 7}, "/": {"device": 9}, '
         '"%s": {"device": 8}}}' % _STAGING},
        {'glance-api.conf': _CONF},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        staging = directories.staging(host)
        if host.here is None or staging is None:
            return
        staged = host.here.place(staging.path)
        if staged is None or not staged.looked:
            return
        with_it = [
            'the store %s' % masking.name(one.store)
            for one in directories.stores(host)
            if (place := host.here.place(one.path)) and place.looked
            and place.device == staged.device]
        root = host.here.place('/')
        if root and root.looked and root.device == staged.device:
            with_it.append('the system')
        if with_it:
            yield self.found(
                host, staging.full_name, '%s is on the same file system as '
                '%s.' % (masking.value(staging.path), ' and '.join(
                    dict.fromkeys(with_it))),
                'Mount a file system of its own at %s.'
                % masking.value(staging.path), staging.setting)
