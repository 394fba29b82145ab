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

"""GLC606"""

from collections.abc import Iterator

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import policies
from glance_lifecycle.audit import finding

_CONF = ('[lifecycle_signing]\nrequired = always\n'
         '[lifecycle]\npolicy_file = /etc/glance/p.yaml\n')
_POLICY = ('version: 1\nrules:\n  - name: a\n    require:\n'
           '      signature: %s\n')
_TRUST = ('ca_bundle', 'allowed_certificates')


class AnybodySigns(check.Check):
    """Signatures are required, and anybody can make one.

    Without ``ca_bundle`` or ``allowed_certificates``, a signature is good if
    it belongs to its certificate. Every user can make a key and a certificate,
    so that requiring one keeps nobody out.

    Name the CAs in ``ca_bundle``, or the certificates in
    ``allowed_certificates``.
    """

    code = 'GLC606'
    bad = ({'glance-api.conf': '[lifecycle_signing]\nrequired = always\n'},
           {'glance-api.conf': _CONF, 'p.yaml': _POLICY % 'always'})
    good = (
        {'glance-api.conf': '[lifecycle_signing]\nrequired = always\n'
         'ca_bundle = /etc/glance/signers.pem\n'},
        {'glance-api.conf': _CONF, 'p.yaml': _POLICY % 'always'
         + '      allowed_certificates: [d7c7]\n'},
        # It was not gathered.
        {'glance-api.conf': _CONF},
        {'glance-api.conf': '[lifecycle_signing]\nrequired = signed-only\n'},
    )

    def host(self, host: hosts.Host) -> Iterator[finding.Finding]:
        section = 'lifecycle_signing'
        if host.value(section, 'required') != 'always' or any(
                host.value(section, name)
                for name in _TRUST):
            return
        # A policy may say it for each image.
        if not policies.path(host) or self._untrusted(host):
            yield self.found(
                host, '[%s] required' % section,
                'required is always, and neither ca_bundle nor '
                'allowed_certificates is set.',
                'Set ca_bundle in [%s] to a file with the CAs.' % section,
                host.setting(section, 'required'))

    def _untrusted(self, host: hosts.Host) -> bool:
        """Whether there is a policy that names none for any image."""
        found = policies.loaded(host)
        return found is not None and not any(
            wants.get('require', {}).get(name)
            for wants in (found.defaults, *(one.wants for one in found.rules))
            for name in _TRUST)
