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

"""GLC405"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class LegacyConversion(check.Check):
    """A format is set that no import converts to.

    ``[taskflow_executor] conversion_format`` is for the tasks API of old.
    Imports are converted by the plugins in ``image_import_plugins``:
    ``lifecycle``, or ``image_conversion`` with ``[image_conversion]
    output_format``.

    Remove the line; where images are to be converted, enable the plugin.
    """

    code = 'GLC405'
    bad = ({'glance-api.conf': '[taskflow_executor]\n'
            'conversion_format = raw\n'},
           )
    good = ({'glance-image-import.conf': '[image_import_opts]\n'
             'image_import_plugins = [lifecycle]\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        setting = host.setting('taskflow_executor', 'conversion_format')
        if setting is None:
            return
        converts = {plugins.OURS, plugins.CONVERSION}.intersection(
            plugins.enabled(host) or ())
        yield self.found(
            host, '[taskflow_executor] conversion_format',
            'conversion_format converts no import.',
            'Remove the line.' if converts else
            'Remove the line, and add lifecycle to image_import_plugins.',
            setting, severity=check.INFO if converts else None)
