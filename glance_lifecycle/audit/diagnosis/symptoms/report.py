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

"""The symptoms that are known, and what is said of one."""

from collections.abc import Iterator
from collections.abc import Mapping
import textwrap
from typing import Any

from glance_lifecycle.audit.diagnosis.symptoms import cache_full
from glance_lifecycle.audit.diagnosis.symptoms import known as knowns
from glance_lifecycle.audit.diagnosis.symptoms import missing_store
from glance_lifecycle.audit.diagnosis.symptoms import path as paths
from glance_lifecycle.audit.diagnosis.symptoms import public_by_accident
from glance_lifecycle.audit.diagnosis.symptoms import signature
from glance_lifecycle.audit.diagnosis.symptoms import slow_boot
from glance_lifecycle.audit.diagnosis.symptoms import upload_fails
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit import pages

WALKS: Mapping[str, paths.Walk] = {
    'slow-boot': slow_boot.walk,
    'signature': signature.walk,
    'cache-full': cache_full.walk,
    'missing-store': missing_store.walk,
    'upload-fails': upload_fails.walk,
    'public-by-accident': public_by_accident.walk,
}

#: Of the JSON: raised if a field changes its meaning, or goes.
VERSION = 1

_WIDTH = 78


def data(symptom: str, known: knowns.Known) -> dict[str, Any]:
    """Walk the path of a symptom; what was found, as plain data."""
    path = paths.Path()
    WALKS[symptom](known, path)
    image = known.image
    return {
        'version': VERSION, 'symptom': symptom,
        'image': None if image is None else {
            'id': masking.name(image.image.id),
            'name': masking.name(image.image.name),
            'status': masking.name(image.image.status)},
        'steps': [{'question': one.question, 'answer': one.answer,
                   'evidence': one.evidence} for one in path.steps],
        'findings': [{
            'code': pages.code(one.code), 'severity': str(one.severity),
            'subject': one.subject, 'evidence': one.evidence,
            'remedy': one.remedy, 'destructive': one.destructive,
            'hosts': list(one.hosts), 'places': [{
                'path': masking.name(place.path), 'line': place.line,
                'option': place.option, 'value': place.value}
                for place in one.places]} for one in path.ended()],
        'needed': path.needed}


def lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Of such data, as people read it."""
    image = report['image']
    yield 'Symptom %s%s' % (report['symptom'], '' if image is None else (
        ' of image %s (%s), status %s' % (
            image['id'], image['name'] or 'without a name',
            image['status'])))
    yield ''
    for number, step in enumerate(report['steps'], 1):
        yield from _wrapped('%2d. %s %s.%s' % (
            number, step['question'], step['answer'].capitalize(),
            ' ' + step['evidence'] if step['evidence'] else ''), '', '    ')
    for one in report['findings']:
        yield ''
        yield '%s %s %s' % (
            one['severity'].upper(), one['code'], one['subject'])
        yield from _wrapped(one['evidence'])
        for place in one['places'][:4]:
            value = '' if place['value'] is None else ' = ' + place['value']
            yield '    at %s:%d: %s%s' % (
                place['path'], place['line'], place['option'], value)
        if one['hosts']:
            yield '    on %s' % ', '.join(map(masking.name, one['hosts'][:8]))
        yield from _wrapped('%s: %s' % (
            'DESTRUCTIVE' if one['destructive'] else 'Remedy',
            one['remedy']))
    if not report['findings']:
        yield ''
        yield 'Nothing of what is known explains it.'
    if report['needed']:
        yield ''
        yield 'Still to be known:'
        for text in report['needed']:
            yield from _wrapped('* ' + text, '  ', '    ')


def rows(report: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """In the order of ``COLUMNS``."""
    for one in report['findings']:
        yield (one['code'], one['severity'], one['subject'], one['evidence'],
               one['remedy'], 'yes' if one['destructive'] else 'no',
               ', '.join(one['hosts']))


COLUMNS = ('Code', 'Severity', 'Subject', 'Evidence', 'Remedy',
           'Destructive', 'Hosts')


def _wrapped(text: str, first: str = '    ', rest: str = '    '
             ) -> list[str]:
    return textwrap.wrap(' '.join(text.split()), _WIDTH,
                         initial_indent=first, subsequent_indent=rest,
                         break_long_words=False, break_on_hyphens=False)
