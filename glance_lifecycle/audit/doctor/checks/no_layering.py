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

"""GLC831"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class NoLayering(check.Check):
    """Images in Ceph are made without the feature that clones need.

    ``rbd default features`` is a sum, in which 1 is layering. Without it, an
    image can be read, and never cloned.

    Remove the option: Ceph's own default has it.
    """

    code = 'GLC831'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[client]\n'
            'rbd_default_features = 60\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[client]\n'
            'rbd default features = 61\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'ceph.conf': ('[client]\n'
            'rbd default features = layering,exclusive-lock\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for conf in host.beside.cephs_at_hand:
            found = conf.value('rbd_default_features', 'client.glance')
            number = int(found) if found.isdecimal() and len(found) < 10 else 0
            if number and not number & 1:
                yield self.found(
                    host, 'rbd default features',
                    'The value %d does not contain layering, which is '
                    '1.' % number,
                    'Remove "rbd default features" from the file.',
                    conf.place('rbd_default_features', 'client.glance'))
