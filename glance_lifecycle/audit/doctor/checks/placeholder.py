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

"""GLC115"""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import finding


class Placeholder(check.Check):
    """A value that somebody or something was to fill in.

    It is a part of a template that no tool has replaced, or what a guide says
    to replace, such as GLANCE_PASS. The service takes it as it stands; a
    password that a guide has printed is known to everybody.

    Write what is meant.
    """

    code = 'GLC115'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[DEFAULT]\n'
         'worker_self_reference_url = http://{{ host }}:9292\n'},
        {'glance-api.conf': '[keystone_authtoken]\npassword = GLANCE_PASS\n'},
        {'glance-api.conf': '[DEFAULT]\npublic_endpoint = <URL of Glance>\n'},
    )
    good = (
        {'glance-api.conf': '[DEFAULT]\n'
         'logging_context_format_string = %(asctime)s {%(name)s} <x>\n'},
        {'glance-api.conf': '[keystone_authtoken]\npassword = gl4nc3\n'},
    )

    _TEMPLATE = re.compile(
        r'\{\{[^{}\n]{1,200}\}\}|\{%|<[^<>@:\n]{2,80}>\Z'
        r'|@[A-Z][A-Z0-9_]{2,}@|__[A-Z][A-Z0-9_]{2,}__'
        r'|\A(?:change|replace|fix)[_-]?me\Z|\Atodo\Z')
    # As the installation guides of OpenStack have them.
    _GUIDE = re.compile(r'\b(?:GLANCE|RABBIT|ADMIN|METADATA|MY_SERVICE)'
                        r'_(?:DB)?PASS\b')
    _LONGEST = 2000

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        for setting in host.settings():
            option = host.option(setting)
            value = setting.value
            if option is None or len(value) > self._LONGEST:
                continue
            guide = self._GUIDE.search(value)
            template = self._TEMPLATE.search(value) or (
                self._TEMPLATE.search(value.lower()))
            if guide or (template and '%(' not in value):
                yield self.found(
                    host, option.full_name, 'The value has %s.' % (
                        'the placeholder of a guide, %s' % guide[0] if guide
                        else 'a placeholder that nothing has replaced'),
                    'Write what is meant in line %d of %s.' % (
                        setting.line, masking.plain(setting.path)), setting,
                    severity=check.WARNING if guide else None)
