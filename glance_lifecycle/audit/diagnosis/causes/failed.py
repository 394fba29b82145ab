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

"""An import that has ended with a message, by what that says."""

from collections.abc import Iterator
import dataclasses
import re

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis import facts

# What stock Glance says of whatever happened.
_INTERNAL = 'Task failed due to Internal Error'
_MOST_LINES = 3
_REFUSED = r'Image refused \((?:%s)\)'


@dataclasses.dataclass(frozen=True)
class Said:
    """What a message means.

    :ivar pattern: of our messages, see ``exceptions``, or Glance's
    :ivar again: whether the image's data are good, and may be imported again
    """

    code: str
    pattern: str
    cause: str
    remedy: str
    again: bool = False


# The first that matches.
SAID = (
    Said('signature-refused', _REFUSED % (
        'signature[a-z-]*|certificate[a-z-]*|source-signature-missing|'
        'unsigned|attestation[a-z-]*'),
        'The signature of the image was refused.',
        'Correct what the message names, in the four properties '
        'img_signature* or in the key manager, then stage the image again.'),
    Said('format-refused', _REFUSED % (
        'format-[a-z-]+|container-[a-z-]+|gpt|unsafe|vmdk-type|backing-file|'
        'encryption|unknown-feature'),
        'The format of the data is not what the image says, or not allowed.',
        'Set disk_format to what the data are, or convert them, then stage '
        'the image again.'),
    Said('data-corrupt', _REFUSED % (
        'truncated|bad-header|corrupt|overlapping-data|conversion-failed|'
        'hash-mismatch'),
        'The data are damaged, and cannot be converted.',
        'Check the file ("qemu-img check"), then stage it again.'),
    Said('policy-refused', _REFUSED % '[a-z-]+',
         'The lifecycle policy, or a limit, refused the image.',
         'Change the image as the message says, or the policy; then stage it '
         'again.'),
    Said('store-full', r'Store \S+ is full:|Image storage media is full|'
         'No space left on device',
         'A store is full.', 'Make room in the store, or name another; then '
         'import the image again.', again=True),
    Said('store-occupied', r'Store \S+ already holds an object',
         'An object of that name lies in the store already.',
         'Find out whose it is. If it is left from a dead import, recover '
         'removes it; then import the image again.', again=True),
    Said('store-failed', r'Store \S+ failed:|Store \S+ has no copy|'
         r'The copy in store ', 'A store failed.',
         'Mend the store, then import the image again.', again=True),
    Said('host-filtered', r'does not pass (?:the )?(?:import URI )?filter',
         'The address to download from is not allowed.',
         'Use another address, or let [import_filtering_opts] allow it on '
         'every host of glance-api.'),
    Said('staged-elsewhere', r'Was it staged on another host',
         'The data were staged on another host, or are gone.',
         'Set worker_self_reference_url to an address of its own on every '
         'host, then import the image again.', again=True),
    Said('no-worker', 'The lifecycle worker of the host did not do',
         'No lifecycle worker did the import.',
         'Start glance-lifecycle-worker on the host, then import the image '
         'again.', again=True),
    Said('key-manager', 'The key manager (?:failed|denied)',
         'The key manager did not give the certificate or key.',
         'Mend it, or grant access, then import the image again.',
         again=True),
    Said('configuration', 'The lifecycle configuration is not usable',
         'The configuration of the plugin is not usable.',
         'Correct what the message names; the doctor finds more. Then import '
         'the image again.', again=True),
    Said('database', 'The database of the Image service failed',
         'The database did not answer.',
         'Look at the database, then import the image again.', again=True),
    Said('import-undone', 'The glance-api process that ran this import ended',
         'The import died with its process, and was undone.',
         'Import the image again.', again=True),
    Said('cancelled', r'The (?:import|transfer) was (?:cancelled|stopped)',
         'The import was stopped.', 'Import the image again.', again=True),
    Said('transfer-failed', 'The transfer failed|Cannot read the staged image|'
         'The image changed while', 'The transfer failed.',
         'Do what the message says, then import the image again.',
         again=True),
)

# Of the logs, where Glance's message says nothing.
LOGGED = (
    ('data-corrupt', re.compile(
        r'qemu-img|Conversion failed|ImportTaskError.{0,500}format|'
        r'Image metadata disallows|Unable to (?:inspect|convert)', re.I)),
    ('store-full', re.compile(
        r'StorageFull|No space left|storage media is full|not enough disk',
        re.I)),
    ('signature-refused', re.compile(r'SignatureVerification|certificate',
                                     re.I)),
    ('host-filtered', re.compile(r'does not pass filtering', re.I)),
    ('policy-refused', re.compile(
        r'\bForbidden|not authorized to complete|PolicyNotAuthorized',
        re.I)),
)
_BY_CODE = {one.code: one for one in SAID}


def task_failed(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """The newest task failed, and the image is where that left it."""
    task = found.newest
    if task is None or task.status != 'failure' or (
            found.image.status not in ('queued', 'uploading', 'importing')):
        return
    said = next((one for one in SAID if re.search(one.pattern, task.message)),
                None)
    lines = _logged(found)
    confidence = cause.CERTAIN
    if said is None and lines:
        text = ' '.join(line.text for line in lines)
        said = next((_BY_CODE[code] for code, pattern in LOGGED
                     if pattern.search(text)), None)
        confidence = cause.LIKELY
    evidence = [cause.status(found), cause.task(found, task)]
    evidence += ['%s says %s.' % (line.place, cause.quoted(line.text))
                 for line in lines[:_MOST_LINES]]
    if said is None:
        yield cause.diagnosis(
            found, 'task-failed', 'The import failed.', *evidence,
            'Glance says no more than that.' if _INTERNAL in task.message
            and not lines else '', severity=cause.ERROR,
            confidence=cause.CERTAIN if task.message and (
                _INTERNAL not in task.message) else cause.POSSIBLE,
            remedy='The log of glance-api has the reason: give it with '
            '--read-log.' if not lines else 'Mend what the log names, then '
            'stage or import the image again.',
            command='' if lines else 'openstack image lifecycle diagnose '
            '--read-log /var/log/glance/glance-api.log %s' % found.image.id)
        return
    kept = found.image.status == 'uploading'
    # Of an image that is left importing, another cause says what helps.
    command = {'uploading': cause.imported(found), 'queued':
               'openstack image stage --file FILE %s' % found.image.id
               }.get(found.image.status, '')
    yield cause.diagnosis(
        found, said.code, said.cause, *evidence,
        'The staged data are kept.' if kept else '', severity=cause.ERROR,
        confidence=confidence, remedy=said.remedy, command=command)


def refused_at_once(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """No task was made, and the log says why."""
    if found.tasks or found.image.status not in ('queued', 'uploading'):
        return
    for line in reversed(found.lines or ()):
        for code, pattern in LOGGED:
            if code in ('host-filtered', 'policy-refused') and (
                    pattern.search(line.text)):
                said = _BY_CODE[code]
                yield cause.diagnosis(
                    found, 'host-filtered' if code == 'host-filtered'
                    else 'request-refused', said.cause
                    if code == 'host-filtered' else
                    'Glance refused a request for this image: its policy '
                    'does not allow it to that user.', cause.status(found),
                    '%s says %s.' % (line.place, cause.quoted(line.text)),
                    severity=cause.ERROR, confidence=cause.LIKELY,
                    remedy=said.remedy if code == 'host-filtered' else
                    'Ask as a user who may, or change the policy of '
                    'glance-api.')
                return


def _logged(found: facts.Facts) -> list[facts.Line]:
    """What went wrong, as the logs have it, newest first."""
    return [line for line in reversed(found.lines or ())
            if line.level in ('ERROR', 'CRITICAL')]
