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

"""GLC404"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class UnknownPlugin(check.Check):
    """An import plugin that neither Glance nor this package has.

    Glance logs that it could not load it, and imports without: what the plugin
    was to do is not done, and no user sees why. A plugin of somebody else must
    be installed on every host; whether it is cannot be told from here.

    Correct the name.
    """

    code = 'GLC404'
    severity = check.UNKNOWN
    bad = (
        {'glance-image-import.conf': '[image_import_opts]\n'
         'image_import_plugins = [life_cycle]\n'},
        {'glance-image-import.conf': '[image_import_opts]\n'
         'image_import_plugins = [virus_scan, lifecycle]\n'},
    )
    good = ({'glance-image-import.conf': '[image_import_opts]\n'
             'image_import_plugins = ["image_decompression",lifecycle]\n'},
            )

    # A list of thousands is no configuration.
    _MOST = 20

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        known = (*plugins.STOCK, plugins.OURS)
        unknown = [name for name in dict.fromkeys(plugins.enabled(host) or ())
                   if name not in known]
        for name in unknown[:self._MOST]:
            shown = masking.name(name)
            meant = plugins.meant(name)
            yield self.found(
                host, plugins.FULL_NAME,
                'Neither Glance nor this package has an import plugin "%s".'
                % shown, 'Write %s.' % meant if meant else
                'See that it is installed on every host of glance-api.',
                plugins.setting(host),
                severity=check.ERROR if meant else None)
