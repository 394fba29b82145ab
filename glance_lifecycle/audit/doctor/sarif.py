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

"""Findings as SARIF 2.1.0, that code hosts and editors show at the lines.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

import pathlib
from typing import Any

from glance_lifecycle import version

_LEVELS = {'error': 'error', 'unknown': 'warning', 'warning': 'warning',
           'info': 'note'}


def log(report: dict[str, Any]) -> dict[str, Any]:
    """The log of a run.

    :param report: see ``report.data()``
    """
    rules = {one['code']: one for one in report['findings']}
    return {
        '$schema': 'https://json.schemastore.org/sarif-2.1.0.json',
        'version': '2.1.0',
        'runs': [{
            'tool': {'driver': {
                'name': 'openstack image lifecycle doctor',
                'version': version.VERSION,
                'rules': [_rule(rules[code]) for code in sorted(rules)]}},
            'results': [_result(one) for one in report['findings']]}]}


def _rule(one: dict[str, Any]) -> dict[str, Any]:
    return {'id': one['code'], 'shortDescription': {'text': one['title']},
            'fullDescription': {'text': one['why']}}


def _result(one: dict[str, Any]) -> dict[str, Any]:
    result = {
        'ruleId': one['code'], 'level': _LEVELS[one['severity']],
        'message': {'text': '%s %s' % (one['evidence'], one['remedy'])},
        'locations': [_location(place) for place in one['places']],
        'properties': {'severity': one['severity'], 'hosts': one['hosts'],
                       'subject': one['subject'],
                       'destructive': one['destructive']}}
    if one['muted'] is not None:
        result['suppressions'] = [{
            'kind': 'external', 'justification': one['muted']['reason']}]
    return result


def _location(place: dict[str, Any]) -> dict[str, Any]:
    path = pathlib.PurePath(place['path'])
    physical: dict[str, Any] = {'artifactLocation': {
        'uri': path.as_uri() if path.is_absolute() else path.as_posix()}}
    if place['line']:
        physical['region'] = {'startLine': place['line']}
    return {'physicalLocation': physical}
