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

"""GLC401"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class NoPlugin(check.Check):
    """The plugin of this package is not among the import plugins.

    Images are then imported as stock Glance does: signatures are checked only
    at the end, images are converted only if ``image_conversion`` is listed,
    and neither the lifecycle policy nor protection is applied at import.

    Add ``lifecycle`` to ``image_import_plugins``, as the last one.
    """

    code = 'GLC401'
    severity = check.INFO
    bad = ({'glance-image-import.conf': '[image_import_opts]\n'
            'image_import_plugins = [no_op]\n'},
           )
    good = ({'glance-image-import.conf': '[image_import_opts]\n'
             "image_import_plugins = ['no_op', 'lifecycle']\n"},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        names = plugins.enabled(host)
        if names is not None and plugins.OURS not in names:
            yield self.found(
                host, plugins.FULL_NAME, 'image_import_plugins does not have '
                '"lifecycle".', 'Set %s in [image_import_opts] of '
                'glance-image-import.conf.' % plugins.line(
                    self._better(names)), plugins.setting(host))

    def _better(self, names: list[str]) -> list[str]:
        return [*(name for name in plugins.corrected(names) if name not in (
            plugins.CONVERSION, plugins.OURS)), plugins.OURS]
