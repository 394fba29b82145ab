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

"""GLC429"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding


class DecompressedLate(check.Check):
    """Images are unpacked after they were to be converted.

    Glance runs the import plugins in the order of the list.
    ``image_conversion`` finds something that is packed, which is not the
    format that the image says, and the import fails.

    Put ``image_decompression`` first.
    """

    code = 'GLC429'
    severity = check.ERROR
    bad = ({'glance-image-import.conf': '[image_import_opts]\n'
            'image_import_plugins = [image_conversion, image_decompression]\n'
            },)
    good = ({'glance-image-import.conf': '[image_import_opts]\n'
             'image_import_plugins = [image_decompression, image_conversion]\n'
             },)

    _UNPACK = 'image_decompression'

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        names = plugins.corrected(plugins.enabled(host) or [])
        if self._UNPACK in names and plugins.CONVERSION in names[
                :names.index(self._UNPACK)]:
            yield self.found(
                host, plugins.FULL_NAME, '%s comes after %s.' % (
                    self._UNPACK, plugins.CONVERSION),
                'Set %s.' % plugins.line([self._UNPACK, *(
                    one for one in names if one != self._UNPACK)]),
                plugins.setting(host))
