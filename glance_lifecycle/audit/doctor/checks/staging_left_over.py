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

"""GLC307"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding

_CONF = ('[DEFAULT]\nenabled_backends = a:file\n[glance_store]\n'
         'default_backend = a\n')
_HERE = ('{"files": {"/var/lib/glance/os_glance_staging_store": '
         '[["%s", 1073741824, %d]]}}')
_ID = '41c0ba37-7a4a-4d0c-9b6c-1d6f5a3e7c11'
_GIB = 1 << 30


class StagingLeftOver(check.Check):
    """Files have been in the staging directory for more than a day.

    An import removes what was staged when it ends. A file that stays is of an
    image that nobody has imported, or of an import that died; its cleaner
    removes only what is of images that are gone, and only when glance-api
    starts. Looked at only with ``--this-host``.

    See what each is with ``openstack image lifecycle diagnose --all-stuck``,
    and let the worker remove what is stale.
    """

    code = 'GLC307'
    bad = ({'glance-api.conf': _CONF,
            'this-host.json': _HERE % (_ID, 100_000)},
           {'glance-api.conf': _CONF,
            'this-host.json': _HERE % (_ID + '.raw', 100_000)})
    good = (
        {'glance-api.conf': _CONF, 'this-host.json': _HERE % (_ID, 3600)},
        {'glance-api.conf': _CONF,
         'this-host.json': _HERE % ('README', 9_000_000)},
        {'glance-api.conf': _CONF},
    )

    _DAY = 86_400
    _OF_IMAGE = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\..*)?')

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        staging = directories.staging(host)
        files = staging and host.here and host.here.files(staging.path)
        old = [one for one in files or () if one.age > self._DAY
               and self._OF_IMAGE.fullmatch(one.name)]
        if staging and old:
            oldest = max(old, key=lambda one: one.age)
            yield self.found(
                host, staging.full_name,
                '%d files in %s are older than a day, with %.1f GiB; the '
                'oldest, %s, has %d days.' % (
                    len(old), masking.value(staging.path),
                    sum(one.size for one in old) / _GIB,
                    masking.name(oldest.name), oldest.age // self._DAY),
                'Run: openstack image lifecycle diagnose %s.'
                % oldest.name.partition('.')[0], staging.setting)
