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

"""GLC712"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import rules
from glance_lifecycle.audit import finding


class AnybodyCopies(check.Check):
    """Every user may copy images to any store.

    copy-image writes the whole image into a store that the user names, also a
    small and expensive one, and of images of others. No import plugin sees it.

    Leave ``copy_image`` to administrators, its default, or limit it to a role.
    """

    code = 'GLC712'
    bad = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = a:file,b:file\n'),
         'policy.yaml': ('"copy_image": ""\n')},
    )
    good = (
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = a:file,b:file\n'),
         'policy.yaml': ('"copy_image": "role:image_admin"\n')},
        {'glance-api.conf': ('[DEFAULT]\n'
            'enabled_backends = a:file,b:file\n'
            'enabled_import_methods = [web-download]\n'),
         'policy.yaml': ('"copy_image": ""\n')},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        found = rules.of(host)
        if len(host.stores) > 1 and 'copy-image' in (host.value(
                'DEFAULT', 'enabled_import_methods') or ()) and (
                    found.anybody('copy_image', users=True)):
            yield self.found(
                host, 'copy_image', 'The policy lets every user copy images, '
                'and there are %d stores.' % len(host.stores),
                'Remove copy_image from the policy file.',
                found.rules['copy_image'].place)
