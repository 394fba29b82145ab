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

"""What the doctor says, as data with a versioned schema."""

from typing import Any

from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit import finding

#: Of the schema: it is raised if a field changes its meaning, or goes.
VERSION = 1

_TEXT = {'type': 'string'}
_COUNT = {'type': 'integer', 'minimum': 0}
_TEXTS = {'type': 'array', 'items': _TEXT}

_PLACE = {
    'type': 'object', 'additionalProperties': False,
    'required': ['path', 'line', 'option', 'value'],
    'properties': {'path': _TEXT, 'line': _COUNT, 'option': _TEXT,
                   'value': {'type': ['string', 'null']}}}

_FINDING = {
    'type': 'object', 'additionalProperties': False,
    'required': ['code', 'severity', 'title', 'subject', 'evidence', 'why',
                 'remedy', 'destructive', 'hosts', 'places', 'releases',
                 'muted'],
    'properties': {
        'code': _TEXT, 'severity': {'enum': list(finding.Severity)},
        'title': _TEXT, 'subject': _TEXT, 'evidence': _TEXT, 'why': _TEXT,
        'remedy': _TEXT, 'destructive': {'type': 'boolean'}, 'hosts': _TEXTS,
        'places': {'type': 'array', 'items': _PLACE},
        'releases': {'type': 'array', 'items': _COUNT},
        'muted': {
            'type': ['object', 'null'], 'additionalProperties': False,
            'required': ['until', 'reason'],
            'properties': {'until': _TEXT, 'reason': _TEXT}}}}

#: JSON Schema of ``data()``.
SCHEMA: dict[str, Any] = {
    '$schema': 'https://json-schema.org/draft/2020-12/schema',
    'type': 'object', 'additionalProperties': False,
    'required': ['version', 'release', 'hosts', 'files', 'options', 'checks',
                 'asked', 'summary', 'findings', 'lapsed'],
    'properties': {
        'version': {'const': VERSION}, 'release': _COUNT, 'hosts': _TEXTS,
        'files': _COUNT, 'options': _COUNT, 'checks': _TEXTS,
        'asked': {'type': ['string', 'null']},
        'summary': {
            'type': 'object', 'additionalProperties': False,
            'required': [*finding.Severity, 'muted'],
            'properties': dict.fromkeys(
                [*map(str, finding.Severity), 'muted'], _COUNT)},
        'findings': {'type': 'array', 'items': _FINDING}, 'lapsed': _TEXTS}}


def data(found: examination.Examination, muted: mutes.Muted,
         kinds: dict[str, type[check.Check]]) -> dict[str, Any]:
    """The whole of it; what is muted comes last.

    :param kinds: code -> check
    """
    return {
        'version': VERSION, 'release': found.release,
        'hosts': list(found.hosts), 'files': found.files,
        'options': found.settings, 'checks': list(found.checks),
        'asked': None if found.asked is None else masking.plain(found.asked),
        'summary': {**{str(severity): sum(
            one.severity == severity for one in muted.shown)
            for severity in finding.Severity}, 'muted': len(muted.muted)},
        'findings': [
            *(_finding(one, kinds[one.code], None) for one in muted.shown),
            *(_finding(one, kinds[one.code], mute)
              for one, mute in muted.muted)],
        'lapsed': list(muted.lapsed)}


def _finding(one: finding.Finding, kind: type[check.Check],
             mute: mutes.Mute | None) -> dict[str, Any]:
    return {
        'code': one.code, 'severity': str(one.severity),
        'title': kind.title(), 'subject': one.subject,
        'evidence': one.evidence, 'why': kind.why(), 'remedy': one.remedy,
        'destructive': one.destructive, 'hosts': list(one.hosts),
        'places': [{'path': masking.plain(place.path), 'line': place.line,
                    'option': place.option, 'value': place.value}
                   for place in one.places],
        'releases': list(kind.releases),
        'muted': None if mute is None else {
            'until': str(mute.until), 'reason': mute.reason}}
