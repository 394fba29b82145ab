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

"""GLC715"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class GptNotChecked(check.Check):
    """Images whose partition table is broken are let through.

    What a check of a disk finds is then only logged. Since Glance 33 nothing
    is excepted by default; in 31 and 32, ``mbr`` was.

    Remove the option, unless images that you need are refused.
    """

    code = 'GLC715'
    severity = check.INFO
    bad = (
        {'glance-api.conf': ('[image_format]\n'
            'gpt_safety_checks_nonfatal = mbr\n')},
    )
    good = (
        {'glance-api.conf': ('[image_format]\n'
            'gpt_safety_checks_nonfatal =\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        excepted = host.value('image_format', 'gpt_safety_checks_nonfatal')
        setting = host.setting('image_format', 'gpt_safety_checks_nonfatal')
        if setting is not None and excepted:
            yield self.found(
                host, '[image_format] gpt_safety_checks_nonfatal',
                'What these checks find is ignored: %s.' % ', '.join(
                    map(masking.value, excepted[:5])),
                'Remove gpt_safety_checks_nonfatal from '
                '[image_format].', setting)
