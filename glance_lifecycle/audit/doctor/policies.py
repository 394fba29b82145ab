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

"""The lifecycle policy that a host's configuration names."""

from glance_lifecycle.audit.doctor import host as hosts
from glance_lifecycle.audit.doctor import reading
from glance_lifecycle.policy import document

FULL_NAME = '[lifecycle] policy_file'


def path(host: hosts.Host) -> str:
    """Of the file, as it is named; empty if there is none.

    :raises Hidden: a report has taken it away
    """
    return host.value('lifecycle', 'policy_file') or ''


def loaded(host: hosts.Host) -> document.Document | None:
    """The document, if it is at hand and good.

    :raises Hidden: a report has taken its path away
    """
    named = path(host)
    try:
        data = host.directory.data(named) if named else None
        return None if data is None else document.load(data)
    except (reading.Unreadable, document.DocumentError):
        return None
