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

"""GLC719"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding

_PLUGIN = '[image_import_opts]\nimage_import_plugins = [lifecycle]\n'


class FormatsRefused(check.Check):
    """Glance offers formats that an import refuses.

    Users may make and stage an image of each of ``disk_formats``. The plugin
    refuses those that are not in ``[lifecycle] formats``, and so after all of
    it was sent.

    Let both lists have the same formats.
    """

    code = 'GLC719'
    severity = check.INFO
    bad = ({'glance-api.conf': _PLUGIN + '[image_format]\n'
            'disk_formats = raw,qcow2,ploop\n'},)
    good = (
        {'glance-api.conf': _PLUGIN + '[image_format]\n'
         'disk_formats = raw,qcow2,iso\n'},
        {'glance-api.conf': '[image_format]\ndisk_formats = raw,ploop\n'},
        # Who has not chosen has not been asked either.
        {'glance-api.conf': _PLUGIN},
    )

    # Kernels and their like are uploaded, and not imported.
    _UPLOADED = frozenset(('aki', 'ari', 'ami'))

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        setting = host.setting('image_format', 'disk_formats')
        taken = host.value('lifecycle', 'formats')
        if setting is None or taken is None or (
                plugins.OURS not in (plugins.enabled(host) or ())):
            return
        refused = [one for one in host.value(
            'image_format', 'disk_formats') or ()
            if one not in taken and one not in self._UPLOADED]
        if refused:
            yield self.found(
                host, '[image_format] disk_formats',
                'Imports of %s are refused.' % ', '.join(
                    map(masking.value, refused[:5])),
                'Take them out of disk_formats in [image_format], or add them '
                'to formats in [lifecycle].', setting,
                host.setting('lifecycle', 'formats'))
