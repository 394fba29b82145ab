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

"""GLC403"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class PluginOrder(check.Check):
    """A plugin comes after the one that makes the image active.

    Glance runs the import plugins in the order of the list. ``lifecycle``
    writes the stores and makes the image active; what comes after it changes a
    staged file that nobody reads any more, or properties of an image that may
    be in use.

    Make ``lifecycle`` the last.
    """

    code = 'GLC403'
    bad = ({'glance-image-import.conf': '[image_import_opts]\n'
            'image_import_plugins = [lifecycle, image_decompression]\n'},
           )
    good = ({'glance-image-import.conf': '[image_import_opts]\n'
             'image_import_plugins = [inject_image_metadata, lifecycle]\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        names = plugins.enabled(host) or []
        if plugins.OURS not in names:
            return
        after = [name for name in names[names.index(plugins.OURS) + 1:]
                 if name not in (
                     plugins.OURS, plugins.CONVERSION, 'no_op')]
        if after:
            yield self.found(
                host, plugins.FULL_NAME, '%s comes after lifecycle, when the '
                'image is active.' % ' and '.join(map(masking.name, after)),
                'Set %s.' % plugins.line([
                    *(name for name in names if name != plugins.OURS),
                    plugins.OURS]), plugins.setting(host))
