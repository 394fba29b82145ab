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

"""GLC402"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class ConvertedTwice(check.Check):
    """Images are converted by two plugins.

    ``lifecycle`` converts as it writes the stores. With ``image_conversion``
    before it, every image is converted into the staging directory first, which
    costs the time and the room that the plugin saves, and a signed image
    always fails, as its signature is of the bytes before. Behind it,
    ``image_conversion`` finds an image that is already active.

    Remove ``image_conversion``.
    """

    code = 'GLC402'
    severity = check.ERROR
    bad = ({'glance-image-import.conf': '[image_import_opts]\n'
            'image_import_plugins = [image_conversion, lifecycle]\n'},
           )
    good = (
        {'glance-image-import.conf': '[image_import_opts]\n'
         'image_import_plugins = [image_decompression, lifecycle]\n'},
        {'glance-image-import.conf': '[image_import_opts]\n'
         'image_import_plugins = [image_conversion]\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        names = plugins.enabled(host) or []
        if plugins.OURS in names and plugins.CONVERSION in names:
            yield self.found(
                host, plugins.FULL_NAME, 'image_import_plugins has '
                'image_conversion and lifecycle: both convert.',
                'Set %s.' % plugins.line(
                    name for name in names if name != plugins.CONVERSION),
                plugins.setting(host))
