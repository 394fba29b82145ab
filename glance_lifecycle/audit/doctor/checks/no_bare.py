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

"""GLC722"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import plugins
from glance_lifecycle.audit import finding

_FORMATS = '[image_format]\ncontainer_formats = %s\n'


class NoBare(check.Check):
    """Ordinary images have no container format that they may have.

    A disk is ``bare``: that is what clients write, and the only one that is
    converted. ``compressed`` is of use only where the import plugin
    ``image_decompression`` makes a disk of it; Nova cannot boot it.

    Add ``bare``; take ``compressed`` out where nothing decompresses.
    """

    code = 'GLC722'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': _FORMATS % 'ovf,ova'},
        {'glance-api.conf': _FORMATS % 'bare,compressed'},
    )
    good = (
        {'glance-api.conf': _FORMATS % 'bare,ova'},
        {'glance-api.conf': _FORMATS % 'bare,compressed'
         + '[image_import_opts]\n'
         'image_import_plugins = [image_decompression]\n'},
        {'glance-api.conf': '[DEFAULT]\ndebug = false\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        setting = host.setting('image_format', 'container_formats')
        formats = host.value('image_format', 'container_formats')
        subject = '[image_format] container_formats'
        if setting is None or formats is None:
            return
        if 'bare' not in formats:
            yield self.found(
                host, subject, 'container_formats does not have "bare".',
                'Add bare to container_formats in [image_format].', setting)
        # All of Glance's list is no choice.
        option = host.option(setting)
        if 'compressed' in formats and 'image_decompression' not in (
                plugins.enabled(host) or ()) and (
                    option is None or formats != option.default):
            yield self.found(
                host, subject, '"compressed" is allowed, and nothing '
                'decompresses.', 'Take compressed out of container_formats '
                'in [image_format].', setting, severity=check.INFO)
