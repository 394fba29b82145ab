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

"""Which versions of Glance and of this package a host has.

As a gathered directory tells: what ``pip freeze`` or ``pip list`` printed, and
the lists of packages that a report of sosreport has.
"""

import pathlib
import re

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import reading

GLANCE = 'glance'
OURS = 'glance-lifecycle'

# The environment of Python comes first: it is what runs.
_FILES = ('pip-freeze.txt', 'pip_freeze.txt', 'sos_commands/python/pip*',
          'installed-debs', 'installed-rpms', 'sos_commands/dpkg/dpkg_-l',
          'sos_commands/rpm/package-data')
_MOST_FILES = 5
_VERSION = r'(?:\d+:)?(\d+(?:\.\d+){1,3}[\w.]*)'
_NAME = r'(?:python3-|openstack-)?(glance(?:[-_]lifecycle)?)(?:-api|-common)?'
_LINES = (
    # pip freeze, pip list, dpkg -l, and sosreport's installed-debs
    re.compile(r'(?mi)^(?:[a-z]{2} +)?%s(?:==| +)%s\b' % (_NAME, _VERSION)),
    # rpm -qa
    re.compile(r'(?mi)^%s-%s-\S+' % (_NAME, _VERSION)),
)


def of(host: hosts.Host) -> dict[str, str]:
    """Name of the package -> version; empty if nothing tells."""
    root = host.directory.root
    if root is None:
        return {}
    found: dict[str, str] = {}
    for pattern in _FILES:
        for path in _matching(root, pattern):
            try:
                text = reading.text(path, root)
            except (FileNotFoundError, reading.Unreadable):
                continue
            for line in _LINES:
                for name, version in line.findall(text):
                    found.setdefault(
                        name.lower().replace('_', '-'), version)
    return found


def _matching(root: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    try:
        return sorted(root.glob(pattern))[:_MOST_FILES]
    except OSError:
        return []
