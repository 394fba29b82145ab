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


"""GLC617"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import protections
from glance_lifecycle.audit import finding

_CONF = '[DEFAULT]\nproperty_protection_file = p.conf\n'
_SECTION = ('[^(?i:lifecycle_)]\ncreate = %s\nread = @\nupdate = admin\n'
            'delete = admin\n')


class PropertiesForged(check.Check):
    """Users may write what the service says of an image.

    ``lifecycle_...`` properties are what is attested of an image: what it was
    made of, and whose signature it had. Who may write them can claim anything.
    The role "service" opens them to every user, as Glance adds the roles of a
    service token, such as Nova's, to those of the user. Only files with
    ``property_protection_rule_format = roles`` are judged.

    Leave them to admin and lifecycle_service.
    """

    code = 'GLC617'
    bad = ({'glance-api.conf': _CONF, 'p.conf': _SECTION % 'admin,service'},
           {'glance-api.conf': _CONF, 'p.conf': _SECTION % '@'})
    good = ({'glance-api.conf': _CONF,
             'p.conf': _SECTION % 'admin,lifecycle_service'},
            {'glance-api.conf': _CONF,
             'p.conf': '[^x_]\ncreate = member\n'},
            {'glance-api.conf': _CONF
             + 'property_protection_rule_format = policies\n',
             'p.conf': _SECTION % 'service'})

    _OPEN = frozenset(('@', 'member', '_member_', 'reader', 'service'))

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        if host.value('DEFAULT',
                      'property_protection_rule_format') == 'policies':
            return
        for one in protections.of(host):
            roles = {role.strip().lower() for role in one.text.split(',')}
            found = sorted(roles & self._OPEN)
            # An expression is never searched with: this is what it is called.
            if 'lifecycle_' in one.section and found and '!' not in roles and (
                    one.operation in ('create', 'update')):
                yield self.found(
                    host, one.place.option, '[%s] lets %s %s properties of '
                    'the lifecycle.' % (
                        masking.name(one.section), ' and '.join(found),
                        one.operation),
                    'Write %s = admin,lifecycle_service.' % one.operation,
                    one.place)
