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

"""GLC820"""

from collections.abc import Iterator
import contextlib
from typing import ClassVar

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class GlanceNotTrusted(check.Check):
    """Nova or Cinder do not check that they talk to Glance.

    Whoever stands between them can answer with another image, and learns the
    token.

    Remove the option, and name the authority in ``cafile`` of ``[glance]``, or
    in ``glance_ca_certificates_file`` of Cinder.
    """

    code = 'GLC820'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'insecure = true\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'cinder.conf': ('[DEFAULT]\n'
            'glance_api_insecure = true\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'debug = false\n'),
         'nova.conf': ('[glance]\n'
            'insecure = false\n')},
    )

    _NAMES: ClassVar[dict[str, tuple[tuple[str, str], ...]]] = {
        'nova': (('glance', 'insecure'), ('glance', 'api_insecure')),
        'cinder': (('DEFAULT', 'glance_api_insecure'),)}

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for one in host.beside.services:
            for section, name in self._NAMES[one.kind]:
                with contextlib.suppress(hosts.Hidden):
                    if one.value(section, name):
                        yield self.found(
                            one, '[%s] '
                            '%s' % (section, name), '%s is true.' % name,
                            'Remove %s from [%s].' % (name, section),
                            one.setting(section, name))
