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


"""Credentials of keystoneauth in a section of a host."""

from glance_lifecycle.audit.doctor import host as hosts

PASSWORD = ('password', 'v3password')

_DOMAINS = (('user', 'username'), ('project', 'project_name'))


def has(host: hosts.Host, section: str, name: str) -> bool:
    """Whether it is set to something; also one that is hidden is there."""
    found = host.setting(section, name)
    return found is not None and found.value != ''


def lacking(host: hosts.Host, section: str) -> list[str]:
    """What a section must have for a password, and has not.

    Nothing where it has another ``auth_type``: those are not judged.
    """
    kind = host.setting(section, 'auth_type')
    if kind is None or kind.value not in PASSWORD:
        return []
    found = [] if has(host, section, 'username') or has(
        host, section, 'user_id') else ['username']
    if not has(host, section, 'password'):
        found.append('password')
    return found + [
        '%s_domain_name' % what for what, name in _DOMAINS
        if has(host, section, name) and not any(
            has(host, section, one) for one in (
                '%s_domain_name' % what, '%s_domain_id' % what,
                'default_domain_id', 'default_domain_name',
                *(('system_scope',) if what == 'project' else ())))]
