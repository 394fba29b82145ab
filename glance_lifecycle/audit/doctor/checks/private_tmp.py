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

"""GLC421"""

from collections.abc import Iterator
import pathlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import directories
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import units
from glance_lifecycle.audit import finding

_UNIT = 'etc/systemd/system/glance-api.service'


class PrivateTmp(check.Check):
    """What is staged is gone when glance-api stops.

    With ``PrivateTmp=``, systemd gives the unit a /tmp and a /var/tmp of its
    own, and removes them with all that is in them when the unit stops. Images
    that were staged there and not imported are lost, and only they: their
    owners see "uploading" for ever. Others of this host, such as the worker,
    see another /tmp.

    Stage in a directory that is kept.
    """

    code = 'GLC421'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\ndebug = false\n',
            _UNIT: '[Service]\nPrivateTmp=true\n'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\n'
         'node_staging_uri = file:///var/lib/glance/staging\n',
         _UNIT: '[Service]\nPrivateTmp=true\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n',
         _UNIT: '[Service]\nPrivateTmp=no\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        staging = directories.staging(host)
        if staging is None or not any(
                pathlib.PurePath(staging.path).is_relative_to(one)
                for one in ('/tmp', '/var/tmp')):  # noqa: S108
            return
        for unit in units.of(host):
            if unit.on('PrivateTmp'):
                yield self.found(
                    host, staging.full_name,
                    'Images are staged in %s, and %s has a /tmp of its own.'
                    % (masking.value(staging.path), masking.name(unit.name)),
                    'Set %s = %s/var/lib/glance/staging in [%s].' % (
                        staging.name, '' if host.multi_store else 'file://',
                        staging.section),
                    staging.setting, unit.place('PrivateTmp'))
