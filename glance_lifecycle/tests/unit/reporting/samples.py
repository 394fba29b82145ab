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

"""What is collected of a cloud, as tests of reports have it.

The facts of each section are of the types that the audits make.
"""

from collections.abc import Iterator
import dataclasses
import datetime
from typing import Any

from glance_lifecycle.audit import catalogue as catalogues
from glance_lifecycle.audit.doctor import check
from glance_lifecycle.audit.doctor import examination
from glance_lifecycle.audit.doctor import mutes
from glance_lifecycle.audit.doctor import report as doctor_report
from glance_lifecycle.audit import drift as drifts
from glance_lifecycle.audit.duplicates import grouping
from glance_lifecycle.audit.duplicates import members
from glance_lifecycle.audit import finding
from glance_lifecycle.audit.hygiene import examination as hygiene_looks
from glance_lifecycle.planning import cloud_file
from glance_lifecycle.planning import page_facts
from glance_lifecycle.policy import decision
from glance_lifecycle.policy import document
from glance_lifecycle.reporting import counted
from glance_lifecycle.reporting import model
from glance_lifecycle.reporting import page
from glance_lifecycle.reporting.sections import catalogue
from glance_lifecycle.reporting.sections import drift
from glance_lifecycle.reporting.sections import duplicates
from glance_lifecycle.reporting.sections import hygiene
from glance_lifecycle.reporting.sections import signatures
from glance_lifecycle.reporting.sections import worker
from glance_lifecycle.tests.unit.planning import paper
from glance_lifecycle.worker import asked
from glance_lifecycle.worker.database import ended
from glance_lifecycle.worker.database import jobs
from glance_lifecycle.worker.database import waiting

GIB = 1024 ** 3
NOW = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.UTC)

#: What strangers call their images.
HOSTILE = (
    '<script>alert(1)</script>', '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)", '</style></title><script src=//e.x></script>',
    'javascript:alert(1)', '{{ 7 * 7 }}{% raw %}', '\u202egnp.exe\u202c',
    '\u2066a\u2069 b', 'a\x00b\x1b[31mc\x7f\x9b', '\ufeff\u200b\u2028\u2029',
    'W' * 255, '\U0001f4be' * 60, '&lt;b&gt;', ']]><!--', '')

POLICY = b"""
version: 1
rules:
- name: golden
  match: {tags: [golden]}
  protect: {protected: true}
- name: archive
  match: {disk_format: [qcow2]}
  place: {stores: [archive]}
"""


def images(count: int) -> Iterator[drifts.Resource]:
    """A catalogue, the names of which are hostile."""
    formats = ('raw', 'raw', 'qcow2', 'qcow2', 'qcow2', 'iso', 'vmdk')
    stores = ('ceph', 'ceph', 'archive', 'ceph,archive', 'edge-1')
    for number in range(count):
        signed = {} if number % 3 else {
            'img_signature': 'c2lnbmF0dXJl',
            'img_signature_hash_method': 'SHA-256',
            'img_signature_key_type': 'RSA-PSS',
            'img_signature_certificate_uuid':
                '00000000-0000-4000-8000-%012d' % (number % 7)}
        if number % 50 == 7:
            signed = {'img_signature': 'c2ln'}
        yield {
            'id': '%08x-0000-4000-8000-000000000000' % number,
            'name': HOSTILE[number % len(HOSTILE)],
            'status': 'active' if number % 40 else 'queued',
            'visibility': ('private', 'shared', 'public',
                           'community')[number % 4],
            'owner': 'project-%d' % (number % 500), 'protected': False,
            'tags': ['golden'] if number % 10 == 0 else [],
            'disk_format': formats[number % len(formats)],
            'container_format': 'bare', 'size': (number % 30 + 1) * GIB // 8,
            'virtual_size': (number % 30 + 1) * GIB // 4, 'os_hidden': False,
            'os_hash_algo': 'sha512', 'os_hash_value': '%0128x' % number,
            'created_at': '2026-01-01T00:00:00Z',
            'stores': stores[number % len(stores)], **signed}


def told_catalogue(count: int) -> tuple[catalogue.Catalogue, drift.Drift]:
    policy = decision.Policy(document.load(POLICY))
    found = catalogues.Catalogue(('ceph', 'archive', 'edge-1', 'empty'))
    classes = catalogues.Classes(policy, lambda *_known: None)
    differ = counted.Drift()
    for one in drifts.drifted(found.through(images(count)), policy, {
            'ceph': 'rbd', 'archive': 's3', 'edge-1': 'file',
            'empty': 'file'}, now=NOW, view=classes.view):
        differ.add(one)
    return catalogue.Catalogue(found, classes), drift.Drift(
        differ, found.formats.total())


def told_signatures(found: catalogues.Catalogue) -> signatures.Signatures:
    findings = counted.Findings()
    for number in range(400):
        severity, code = (
            (finding.Severity.ERROR, 'certificate-expired'),
            (finding.Severity.WARNING, 'certificate-expires-soon'),
            (finding.Severity.UNKNOWN, 'signature-not-read'),
            (finding.Severity.WARNING, 'unsigned-public-image'))[number % 4]
        findings.add(finding.Finding(
            code, severity, '%08x-0000-4000-8000-000000000000' % number,
            'The certificate (%s) is of no use.' % HOSTILE[
                number % len(HOSTILE)], 'Sign the image with another key.'))
    return signatures.Signatures(found, findings)


def told_health() -> dict[str, Any]:
    kinds = check.load_all()
    codes = {kind.code: kind for kind in kinds}
    found = [finding.Finding(
        code, severity, '[glance_store] default_backend',
        'It is "%s".' % HOSTILE[number % len(HOSTILE)],
        'Set it to the name of a store that enabled_backends lists: '
        'default_backend = ceph', hosts=('api-1', 'api-2'))
        for number, (code, severity) in enumerate((
            ('GLC101', finding.Severity.ERROR),
            ('GLC105', finding.Severity.ERROR),
            ('GLC907', finding.Severity.WARNING),
            ('GLC908', finding.Severity.WARNING),
            ('GLC919', finding.Severity.WARNING),
            ('GLC901', finding.Severity.UNKNOWN),
            ('GLC816', finding.Severity.INFO)))]
    return doctor_report.data(
        examination.Examination(
            33, ('api-1', 'api-2'), 6, 240, tuple(codes),
            'http://glance.example', tuple(found)),
        mutes.Muted(tuple(found), (), ()), codes)


def told_duplicates() -> duplicates.Duplicates:
    groups = tuple(grouping.Group(
        '%012x' % number, (grouping.Why.HASH,), tuple(
            member(number * 10 + one, HOSTILE[number % len(HOSTILE)])
            for one in range(3))) for number in range(model.MOST_ROWS))
    return duplicates.Duplicates(31, 93, sum(
        one.back for one in groups), groups)


def member(number: int, name: str) -> members.Member:
    return members.Member(
        created=float(number), id='%08x-0000-4000-8000-000000000000' % number,
        name=name, project='project-%d' % (number % 3), visibility='private',
        hidden=False, size=(number + 1) * GIB // 4, server='',
        stores=('ceph',))


def told_hygiene() -> hygiene.Hygiene:
    findings = counted.Findings()
    for number in range(30):
        findings.add(finding.Finding(
            'GLC-H', finding.Severity.ERROR if number < 2 else
            finding.Severity.WARNING, 'object-%d' % number, 'It is there.',
            'Look.'))
    return hygiene.Hygiene({
        'ceph': hygiene_looks.Totals(5210, 9300 * GIB, {
            'orphan-object': (21, 310 * GIB), 'orphan-in-trash': (3, GIB),
            'missing-object': (2, 0)}),
        'archive': hygiene_looks.Totals(880, 41000 * GIB, {
            'unfinished-upload': (4, 12 * GIB)}),
        '': hygiene_looks.Totals(0, 0, {'image-without-hash': (7, 0)})},
        findings)


def told_worker() -> worker.Worker:
    def held(number: int) -> asked.View:
        return asked.view(jobs.Job(
            id='job-%d' % number, image_id='image-%d' % number,
            image_name=HOSTILE[number], project='p', purpose='delete',
            action={'kind': 'delete'}, rule='old',
            reason='More than 10 images would be deleted at once.',
            policy_digest='', state=jobs.State.HELD, attempts=0,
            not_before=NOW, created_at=NOW, updated_at=NOW, worker=None,
            fence=0, cancel_requested=False, error='', bytes=GIB, stores=()))

    ago = datetime.timedelta(hours=3)
    status = asked.Status(
        NOW, (asked.Worker('w1', 'worker-1', 1, NOW - ago, 'act', '1', NOW,
                           (), False, True, 2),
              asked.Worker('w2', 'worker-2', 1, NOW - ago, 'act', '1',
                           NOW - ago, (), False, False, 0)),
        {'queued': 12, 'running': 2, 'held': 14, 'done': 300, 'failed': 3,
         'cancelled': 1}, waiting.Oldest(NOW - ago, NOW - ago),
        {'queued': 0, 'held': 14}, (), tuple(map(held, range(10))),
        {'full': asked.Sweep(NOW - ago, NOW - ago, NOW - ago,
                             {'images': 100}, ''),
         'changes': asked.Sweep(NOW - ago, NOW - ago, None, {},
                                'The Image service cannot be asked.')}, {})
    return worker.Worker(status, (
        ended.Ended('copy', 'done', 140, 2100 * GIB),
        ended.Ended('copy', 'failed', 3, 12 * GIB),
        ended.Ended('scrub', 'done', 96, 900 * GIB),
        ended.Ended('update', 'done', 57, 0),
        ended.Ended('drop', 'cancelled', 1, GIB),
        ended.Ended('drop', 'done', 7, 61 * GIB)), 7)


def facts(count: int = 2000, **others: Any) -> page.Facts:
    """All of it.

    :param others: to be there instead
    """
    images, differ = told_catalogue(count)
    found = page.Facts(
        'cloud <one> \u202e', NOW, told_health(), images,
        page_facts.page(cloud_file.load(paper.EXAMPLE.read_bytes())),
        told_signatures(images.counted), differ, told_duplicates(),
        told_hygiene(), told_worker())
    return dataclasses.replace(found, **others)


def nothing(why: str = 'There is <no> session.') -> page.Facts:
    """Of nobody who could be asked."""
    absent = model.NotAsked(why)
    return page.Facts('here', NOW, *[absent] * 8)
