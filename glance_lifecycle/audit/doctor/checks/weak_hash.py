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

"""GLC702"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit import finding


class WeakHash(check.Check):
    """The hash of images is one that can be forged.

    ``os_hash_value`` is what Nova, Cinder and ``store verify`` compare bytes
    with. Of md5 and sha1, two files with the same hash can be made.

    Use sha512, the default, or sha256, which takes half of the time on a
    processor that computes it. Images that are there keep theirs.
    """

    code = 'GLC702'
    bad = ({'glance-api.conf': '[DEFAULT]\nhashing_algorithm = md5\n'},)
    good = ({'glance-api.conf': '[DEFAULT]\nhashing_algorithm = sha256\n'},
            {'glance-api.conf': '[DEFAULT]\ndebug = false\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = host.value('DEFAULT', 'hashing_algorithm')
        if found and str(found).lower() in ('md5', 'sha1'):
            yield self.found(
                host, '[DEFAULT] hashing_algorithm',
                'hashing_algorithm is %s.' % found,
                'Set hashing_algorithm = sha512.',
                host.setting('DEFAULT', 'hashing_algorithm'))
