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

"""GLC604"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class SigningIncomplete(check.Check):
    """The service is to sign, and has no key.

    ``signing_key`` and ``signing_certificate_id`` belong together, and
    ``on_convert = resign`` needs both. Without, every import of a signed image
    that is to be converted fails; with one of the two, every import that is to
    be signed.

    Set both in ``[lifecycle_signing]``.
    """

    code = 'GLC604'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[lifecycle_signing]\non_convert = resign\n'},
        {'glance-api.conf': '[lifecycle_signing]\n'
         'signing_key = /etc/glance/signing.key\n'},
    )
    good = (
        {'glance-api.conf': '[lifecycle_signing]\non_convert = resign\n'
         'signing_key = /etc/glance/signing.key\n'
         'signing_certificate_id = image-service\n'},
        {'glance-api.conf': '[lifecycle_signing]\non_convert = keep\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        section = 'lifecycle_signing'
        names = ('signing_key', 'signing_certificate_id')
        # One that is hidden is there.
        lacking = [name for name in names
                   if not (setting := host.setting(section, name))
                   or not setting.value]
        resign = host.value(section, 'on_convert') == 'resign'
        if lacking and (resign or len(lacking) < len(names)):
            yield self.found(
                host, '[%s] %s' % (section, lacking[0]),
                '[%s] %s is not set, and %s is.' % (
                    section, ' and '.join(lacking), 'on_convert = resign'
                    if resign else names[lacking[0] == names[0]]),
                'Set %s in [%s].' % (' and '.join(lacking), section),
                host.setting(section, 'on_convert') if resign else None,
                *(host.setting(section, name) for name in names))
