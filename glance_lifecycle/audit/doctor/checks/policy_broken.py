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

"""GLC601"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import policies
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import document

_MOST = 10


class PolicyBroken(check.Check):
    """The lifecycle policy cannot be used.

    A service that starts with such a file imports nothing. One that runs keeps
    the last good policy, and the change has no effect.

    Correct it; "openstack image lifecycle policy validate" says all that is
    wrong. A file that was not gathered is told as "unknown".
    """

    code = 'GLC601'
    severity = check.ERROR
    bad = (
        {'glance-api.conf': '[lifecycle]\n'
         'policy_file = /etc/glance/lifecycle-policy.yaml\n',
         'lifecycle-policy.yaml': 'version: 1\nrules:\n'
         '  - name: a\n    plaice: {}\n'},
        {'glance-api.conf': '[lifecycle]\n'
         'policy_file = /etc/glance/lifecycle-policy.yaml\n'},
    )
    good = ({'glance-api.conf': '[lifecycle]\n'
             'policy_file = /etc/glance/lifecycle-policy.yaml\n',
             'lifecycle-policy.yaml': 'version: 1\nrules:\n  - name: a\n'
             '    protect: {protected: true}\n'},
            )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        named = policies.path(host)
        if not named:
            return
        setting = host.setting('lifecycle', 'policy_file')
        shown = masking.value(named)
        try:
            data = host.directory.data(named)
        except reading.Unreadable as error:
            yield self.found(
                host, policies.FULL_NAME, '%s cannot be used. %s' % (
                    shown, error.reason), 'Make it a file that glance-api '
                'can read.', setting)
            return
        if data is None:
            lacks = host.directory.lacks(named)
            yield self.found(
                host, policies.FULL_NAME, 'There is no %s.' % shown if lacks
                else '%s was not looked at: it is not below the directory.'
                % shown, 'Make the file, or correct policy_file.' if lacks
                else 'Gather the file as well.', setting,
                severity=None if lacks else check.UNKNOWN)
            return
        try:
            document.load(data)
        except document.DocumentError as error:
            where = masking.value(host.directory.where(named))
            for problem in error.problems[:_MOST]:
                yield self.found(
                    host, policies.FULL_NAME, '%s, %s: %s.' % (
                        shown, masking.name(problem.where),
                        masking.value(problem.message).rstrip('.')),
                    'Correct line %d of %s.' % (problem.line, shown),
                    finding.Place(where, problem.line))
