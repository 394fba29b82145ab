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

"""GLC726"""

from collections.abc import Iterator
import hashlib
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import near
from glance_lifecycle.audit import finding


class UnknownHash(check.Check):
    """Images are to be hashed by what Python does not know.

    ``hashing_algorithm`` is a name of Python's hashlib. glance-api starts with
    any, and every upload and every import fails.

    Write one that hashlib has: sha512, unless there is a reason.
    """

    code = 'GLC726'
    severity = check.ERROR
    bad = ({'glance-api.conf': '[DEFAULT]\nhashing_algorithm = sha1024\n'},
           # It wants to be told a length.
           {'glance-api.conf': '[DEFAULT]\nhashing_algorithm = shake_256\n'})
    good = ({'glance-api.conf': '[DEFAULT]\nhashing_algorithm = SHA512\n'},
            {'glance-api.conf': '[DEFAULT]\nhashing_algorithm = *********\n'})

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = host.value('DEFAULT', 'hashing_algorithm')
        if found and not self._known(found):
            known = sorted(one for one in hashlib.algorithms_guaranteed
                           if not one.startswith('shake'))
            yield self.found(
                host, '[DEFAULT] hashing_algorithm',
                'Python has no hash that is called so.',
                'Set hashing_algorithm = %s in [DEFAULT].' % (
                    near.closest(re.sub('[-_]', '', found.lower()), known,
                                 0.9) or 'sha512'),
                host.setting('DEFAULT', 'hashing_algorithm'))

    def _known(self, name: str) -> bool:
        if len(name) > 32 or name.lower().startswith('shake'):
            return False
        try:
            hashlib.new(name, usedforsecurity=False)
        except ValueError:
            return False
        return True
