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

"""GLC430"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class QuotesInProperties(check.Check):
    """Properties to be injected have quotes in their names or values.

    oslo.config takes quotes away only around a whole value, and leaves all
    others: images get properties whose names begin or end with a quote, and
    nobody looks for those.

    Write names and values without quotes.
    """

    code = 'GLC430'
    severity = check.ERROR
    bad = ({'glance-image-import.conf': '[inject_metadata_properties]\n'
            'inject = "hw_disk_bus":"scsi","os_type":"linux"\n'
            '[image_import_opts]\n'
            'image_import_plugins = [inject_image_metadata]\n'},)
    good = ({'glance-image-import.conf': '[inject_metadata_properties]\n'
             'inject = "hw_disk_bus:scsi,os_type:linux"\n'},
            {'glance-image-import.conf': '[inject_metadata_properties]\n'
             'inject = *********\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = host.value('inject_metadata_properties', 'inject') or {}
        if any(mark in text for pair in found.items() for text in pair
               for mark in ('"', "'") if isinstance(text, str)):
            yield self.found(
                host, '[inject_metadata_properties] inject',
                'There are quotes in the names or values of properties.',
                'Write inject = NAME:VALUE,NAME:VALUE, without quotes.',
                host.setting('inject_metadata_properties', 'inject'))
