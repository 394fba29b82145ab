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
"""The file that protects properties of images."""

from collections.abc import Iterator
import dataclasses

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import ini
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.audit import finding

OPERATIONS = ('create', 'read', 'update', 'delete')


@dataclasses.dataclass(frozen=True)
class Permission:
    """Who may do one thing with the properties of a section."""

    section: str
    operation: str
    text: str
    place: finding.Place


def of(host: hosts.Host) -> Iterator[Permission]:
    """Those that are written, in order; none if they are not at hand.

    :raises Hidden: a report has taken away where they are
    """
    named = host.value('DEFAULT', 'property_protection_file')
    try:
        data = host.directory.data(named) if named else None
        text = '' if data is None else data.decode()
    except (reading.Unreadable, ValueError):
        return
    shown = masking.value(host.directory.where(named)) if text else ''
    for one in ini.parse(text, shown).settings:
        if one.name.lower() in OPERATIONS:
            yield Permission(
                one.section, one.name.lower(), one.value.strip(),
                finding.Place(shown, one.line, '[%s] %s' % (
                    masking.name(one.section), one.name.lower())))
