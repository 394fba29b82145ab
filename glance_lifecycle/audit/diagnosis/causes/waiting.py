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

"""Images that wait for their data, or for somebody to import them."""

from collections.abc import Iterator
import re

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis import facts
from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.policy import units

_HOUR = 3600
# Of glance.api.v2.images, with the host that staged the image. A connection
# that fails is keystoneauth's to name, as Glance 33 expects another error.
_PROXIED = re.compile(
    r'Proxying \S+ request to host (\S+)|'
    r'(?:Failed to proxy to|Unable to establish connection to) '
    r'\'?(https?://[^/\s\']+)/v2/images/')


def never_imported(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    if found.image.status != 'uploading' or found.image.lock or found.tasks:
        return
    staged = found.here.staged if found.here else None
    yield cause.diagnosis(
        found, 'never-imported', 'The data were staged, and nobody has asked '
        'for the import.', cause.status(found),
        'It has no tasks: an import makes one.' if found.tasks is not None
        else 'Its tasks could not be read.',
        '%s holds %s, changed %s ago.' % (
            staged.path, units.size_text(staged.size),
            units.about_text(found.age(staged.changed) or 0))
        if staged else '', severity=cause.WARNING,
        confidence=cause.CERTAIN if found.tasks is not None
        else cause.POSSIBLE,
        remedy='Ask for the import. While somebody still stages, wait.'
        if found.image.size is None else 'Ask for the import.',
        command=cause.imported(found),
        where=found.here.host if found.here and staged else '')


def staged_elsewhere(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Only who looked into the staging of a host can tell."""
    here = found.here
    if (found.image.status != 'uploading' or here is None
            or not here.staging or here.staged):
        return
    named = _stage_host(found)
    local = named and here.reference.rstrip('/') == named.rstrip('/')
    yield cause.diagnosis(
        found, 'staged-elsewhere' if not local else 'staged-data-lost',
        'The data were staged on another host.' if not local
        else 'The data were staged on this host, and are gone.',
        cause.status(found), '%s has no file of this image.' % here.staging,
        'A log or a journal names the host that staged it: %s.' % named
        if named else 'Which host has it is not known: Glance shows nobody '
        'the property os_glance_stage_host.',
        'This host is %s.' % here.reference if here.reference else '',
        severity=cause.ERROR if local else cause.WARNING,
        confidence=cause.CERTAIN if named else cause.LIKELY,
        where=(named or '') if not local else here.host,
        remedy='Nothing is wrong if the hosts reach each other by '
        'worker_self_reference_url: Glance passes the request on. If the '
        'import says that the staged file cannot be opened, compare the '
        'hosts with the doctor.' if not local else
        'Delete the image (DESTRUCTIVE), and stage it anew.',
        command='openstack image lifecycle doctor --host NAME=DIRECTORY '
        '--host NAME=DIRECTORY' if not local else cause.delete(found),
        destructive=bool(local))


def without_data(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    if found.image.status != 'queued' or found.image.lock or found.tasks:
        return
    yield cause.diagnosis(
        found, 'no-data', 'Nobody has uploaded or staged data for it.',
        cause.status(found),
        'It has no tasks: it was never imported, or that is more than two '
        'days ago.' if found.tasks is not None
        else 'Its tasks could not be read.', severity=cause.WARNING,
        confidence=cause.LIKELY if found.tasks is not None
        else cause.POSSIBLE,
        remedy='Stage the data and import them, or delete the image.',
        command='openstack image stage --file FILE %s' % found.image.id)


def upload_cut(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """An upload by PUT /file, past the import."""
    if found.image.status != 'saving':
        return
    age = found.age(found.image.updated)
    long = age is not None and age >= _HOUR
    yield cause.diagnosis(
        found, 'upload-cut' if long else 'upload-runs',
        'The upload was cut off, most likely with its glance-api.' if long
        else 'An upload runs, or was cut off.', cause.status(found),
        'Glance changes nothing until an upload ends.',
        severity=cause.ERROR if long else cause.UNKNOWN,
        confidence=cause.LIKELY if long else cause.POSSIBLE,
        waiting=cause.Waiting.UNKNOWN,
        remedy='When nobody uploads any more, delete the image and create '
        'it anew: Glance accepts no other upload.',
        command=cause.delete(found), destructive=True)


def _stage_host(found: facts.Facts) -> str:
    for one in found.transfers:
        if one.stage_host:
            return masking.value(one.stage_host)
    for line in reversed(found.lines or ()):
        match = _PROXIED.search(line.text)
        if match:
            return match[1] or match[2]
    return ''
