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

"""GLC701"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class FormatNotMatched(check.Check):
    """An image may be another format than it says.

    A raw image may then be a qcow2 that names a file of the host: whoever
    opens it by its content opens that file (CVE-2024-32498). Imports by
    ``lifecycle`` are refused all the same; uploads and added locations are
    not.

    Let Glance compare, which is its default.
    """

    code = 'GLC701'
    bad = ({'glance-api.conf': '[image_format]\n'
            'require_image_format_match = false\n'},)
    good = ({'glance-api.conf': '[image_format]\n'
             'require_image_format_match = true\n'},
            {'glance-api.conf': '[image_format]\ndisk_formats = raw\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        section, name = 'image_format', 'require_image_format_match'
        if host.value(section, name) is False:
            yield self.found(
                host, '[%s] %s' % (section, name),
                'Whether an image is of its disk_format is not looked at.',
                'Remove %s from [%s].' % (name, section),
                host.setting(section, name))
