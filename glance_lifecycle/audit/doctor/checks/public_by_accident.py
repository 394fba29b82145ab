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

"""GLC918"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import live as lives
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import policies
from glance_lifecycle.audit import drift
from glance_lifecycle.audit import finding
from glance_lifecycle.policy import decision


class PublicByAccident(check.LiveCheck):
    """Images are public, and the lifecycle policy wants them not to be.

    Everybody can read them, and boots what somebody has put there. A change of
    the policy does not change the images that are there already, and the
    worker does so only where it runs.

    Let ``openstack image lifecycle plan`` show what would be changed, and
    apply it.
    """

    code = 'GLC918'
    bad = ({'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
            '[glance_store]\ndefault_backend = a\n[lifecycle]\n'
            'policy_file = /etc/glance/lifecycle-policy.yaml\n',
            'lifecycle-policy.yaml': 'version: 1\nrules:\n  - name: tests\n'
            '    match: {name: "test-*"}\n'
            '    visibility: {allowed: [private]}\n',
            'live.json': '{"images": [{"id": "d7c7", "name": "test-1", '
            '"status": "active", "visibility": "public"}]}'},)
    good = (
        {'glance-api.conf': '[DEFAULT]\nenabled_backends = a:file\n'
         '[glance_store]\ndefault_backend = a\n[lifecycle]\n'
         'policy_file = /etc/glance/lifecycle-policy.yaml\n',
         'lifecycle-policy.yaml': 'version: 1\nrules:\n  - name: tests\n'
         '    match: {name: "test-*"}\n'
         '    visibility: {allowed: [private]}\n',
         'live.json': '{"images": [{"id": "d7c7", "name": "golden", '
         '"status": "active", "visibility": "public"}, {"id": "1a2b", '
         '"name": "test-1", "status": "active", "visibility": "private"}]}'},
        {'glance-api.conf': '[DEFAULT]\n', 'live.json': '{"images": '
         '[{"id": "d7c7", "status": "active", "visibility": "public"}]}'},
    )

    def live(self, live: lives.Live, found: Sequence[hosts.Host]
             ) -> Iterator[finding.Finding]:
        kinds = {one.id: one.kind for one in live.stores or () if one.kind}
        public = [one for one in live.images or ()
                  if one.get('visibility') == 'public'
                  and isinstance(one.get('id'), str)]
        for host in found if public else ():
            with contextlib.suppress(hosts.Hidden):
                document = policies.loaded(host)
                if document is None:
                    continue
                wrong = [
                    one for one in drift.drifted(
                        public, decision.Policy(document), kinds or None)
                    if one.drift.field == 'visibility']
                for rule in sorted({one.drift.rule for one in wrong}):
                    yield self._found(host, rule, [
                        one for one in wrong if one.drift.rule == rule])

    def _found(self, host: hosts.Host, rule: str,
               wrong: list[drift.Drifted]) -> finding.Finding:
        return self.found(
            host, 'rule %s' % masking.name(rule),
            'By the rule %s, %d public images should not be: %s%s.' % (
                masking.name(rule), len(wrong), ', '.join(
                    masking.name(one.image_id) for one in wrong[:_MOST]),
                ', ...' if len(wrong) > _MOST else ''),
            'Run: openstack image lifecycle plan, and then apply.',
            host.setting('lifecycle', 'policy_file'))


_MOST = 5
