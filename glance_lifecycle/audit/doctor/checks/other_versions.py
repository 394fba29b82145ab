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

"""GLC508"""

from collections.abc import Iterator
from collections.abc import Sequence

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import compared
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import versions
from glance_lifecycle.audit import finding


class OtherVersions(check.Check):
    """Hosts of one API have different versions.

    Of Glance, that is well while it is upgraded, host by host, and for no
    longer: what one writes to the database, another may not understand. Of
    this package, images are treated by the rules of whichever host imports
    them. Looked at in directories that tell: ``pip freeze`` in a file
    pip-freeze.txt, or a report of sosreport.

    Finish the upgrade.
    """

    code = 'GLC508'
    bad = (
        {'a/pip-freeze.txt': 'glance==33.0.0\n',
         'b/pip-freeze.txt': 'glance==32.0.0\n'},
        {'a/installed-debs': 'python3-glance 2:33.0.0-1 all\n'
         'python3-glance-lifecycle 1.0.0-1 all\n',
         'b/installed-debs': 'python3-glance 2:33.0.0-1 all\n'},
    )
    good = (
        {'a/pip-freeze.txt': 'glance==33.0.0\n',
         'b/pip-freeze.txt': 'glance==33.0.0\n'},
        # One that does not tell.
        {'a/pip-freeze.txt': 'glance==33.0.0\n',
         'b/glance-api.conf': '[DEFAULT]\ndebug = false\n'},
    )

    def cloud(self, found: Sequence[hosts.Host]
              ) -> Iterator[finding.Finding]:
        told = {host.name: versions.of(host) for host in found}
        telling = [host for host in found if told[host.name]]
        for name in (versions.GLANCE, versions.OURS):
            of_this = {host: told[host.name].get(name, '')
                       for host in telling}
            groups = compared.differing(telling, of_this.__getitem__)
            if groups:
                some = compared.fewest(groups)
                yield self.found(
                    some, name, 'The versions of %s are %s.' % (
                        name, ', '.join(sorted('%s on %s' % (
                            masking.name(str(version) or 'none'),
                            compared.names(group))
                            for version, group in groups.items()))),
                    'Install the same version of %s on every host.' % name)
