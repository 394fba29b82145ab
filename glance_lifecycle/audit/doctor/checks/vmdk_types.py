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

"""GLC713"""

from collections.abc import Iterator
import contextlib
from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class VmdkTypes(check.Check):
    """A kind of vmdk that names other files is allowed.

    Such an image is a text with names of files. Whoever converts it reads
    those files of the host into the image of a user (CVE-2022-47951).

    Allow the kinds that are one file: streamOptimized and monolithicSparse.
    Glance, Nova and Cinder have the option each for itself.
    """

    code = 'GLC713'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': ('[image_format]\n'
            'vmdk_allowed_types = monolithicSparse,monolithicFlat\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[compute]\n'
            'vmdk_allowed_types = twoGbMaxExtentFlat\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'vmdk_allowed_types = vmfs\n')},
    )
    good = (
        {'glance-api.conf': ('[image_format]\n'
            'vmdk_allowed_types = streamOptimized\n'),
         'nova.conf': ('[compute]\n'
            'vmdk_allowed_types = monolithicSparse\n')},
        {'glance-api.conf': ('[image_format]\n'
            'vmdk_allowed_types =\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        name = 'vmdk_allowed_types'
        section = 'image_format'
        checked: list[tuple[check.Where, str, Any, Any]] = [
            (host, section, host.value(section, name),
             host.setting(section, name))]
        for one in host.beside.services:
            section = 'compute' if one.kind == 'nova' else 'DEFAULT'
            with contextlib.suppress(hosts.Hidden):
                checked.append((one, section, one.value(section, name),
                                one.setting(section, name)))
        for where, section, types, setting in checked:
            wrong = sorted(set(types or ()) - {'streamOptimized',
                                               'monolithicSparse'})
            if wrong and setting is not None:
                yield self.found(
                    where, '[%s] vmdk_allowed_types' % section,
                    'It allows %s.' % ', '.join(map(masking.value, wrong[:5])),
                    'Set vmdk_allowed_types = '
                    'streamOptimized,monolithicSparse in '
                    '[%s].' % section, setting)
