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

"""Images that have their data, and those that will have them no more."""

from collections.abc import Iterator

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import left
from glance_lifecycle.audit.diagnosis import facts

_STORED = ('active', 'deactivated')


def copies_failed(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Active, and not in each store that was asked for."""
    image = found.image
    lacking = [one for one in image.failed if one not in image.stores]
    if image.status not in _STORED or not lacking or _busy(found):
        return
    newest = found.newest
    yield cause.diagnosis(
        found, 'copies-failed', 'The image is usable, but has no copy in '
        'store %s.' % ', '.join(lacking), cause.status(found),
        'os_glance_failed_import names %s.' % ', '.join(image.failed),
        cause.task(found, newest) if newest else '',
        severity=cause.WARNING, confidence=cause.CERTAIN,
        remedy='Mend the store, then copy the image there.',
        command='openstack image import --method copy-image%s %s' % (
            ''.join(' --store %s' % one for one in lacking), image.id))


def copies_unfinished(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Active, and said to be on the way to a store, by nobody."""
    image = found.image
    lacking = [one for one in image.importing if one not in image.stores]
    if image.status not in _STORED or not lacking or _busy(found) or (
            found.tasks is None):
        return
    yield cause.diagnosis(
        found, 'copies-unfinished', 'A copy to store %s was begun, and '
        'nothing works on it.' % ', '.join(lacking), cause.status(found),
        'os_glance_importing_to_stores names %s, and no task of the image '
        'is open.' % ', '.join(image.importing), severity=cause.WARNING,
        confidence=cause.LIKELY,
        remedy='Copy the image there again.',
        command='openstack image import --method copy-image%s %s' % (
            ''.join(' --store %s' % one for one in lacking), image.id))


def store_gone(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """It lies in a store that the cloud does not have any more."""
    if not found.stores:
        return
    gone = [one for one in found.image.stores if one not in found.stores]
    if not gone:
        return
    only = len(gone) == len(found.image.stores)
    yield cause.diagnosis(
        found, 'store-gone', 'Store %s is not in the configuration of '
        'glance-api any more.' % ', '.join(gone),
        'The image has copies in %s; glance-api has the stores %s.' % (
            ', '.join(found.image.stores), ', '.join(found.stores)),
        'It has no other copy.' if only else '',
        severity=cause.ERROR if only else cause.WARNING,
        confidence=cause.CERTAIN,
        remedy='Add the store to [DEFAULT] enabled_backends again, on every '
        'host of glance-api, and restart it.')


def deactivated(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    if found.image.status == 'deactivated':
        yield cause.diagnosis(
            found, 'deactivated', 'An administrator has deactivated the '
            'image: only administrators can download it.',
            cause.status(found), severity=cause.WARNING,
            confidence=cause.CERTAIN,
            remedy='Ask why, and activate it.',
            command='openstack image set --activate %s' % found.image.id)


def pending_delete(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    if found.image.status == 'pending_delete':
        yield cause.diagnosis(
            found, 'pending-delete', 'The image was deleted, and its data '
            'wait for the scrubber of Glance ([DEFAULT] delayed_delete).',
            cause.status(found), severity=cause.WARNING,
            confidence=cause.CERTAIN, waiting=cause.Waiting.UNKNOWN,
            remedy='It removes the data of all images whose scrub_time is '
            'over: let it run regularly, or delayed_delete be off.',
            command='glance-scrubber', destructive=True)


def killed(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    if found.image.status == 'killed':
        yield cause.diagnosis(
            found, 'killed', 'An upload failed, and the image is of no use.',
            cause.status(found), severity=cause.ERROR,
            confidence=cause.CERTAIN, remedy='Delete it.',
            command=cause.delete(found), destructive=True)


def well(found: facts.Facts) -> Iterator[cause.Diagnosis]:
    """Nothing is wrong, as far as was looked."""
    image = found.image
    if image.status == 'active' and not (
            image.lock or image.importing or image.failed or _busy(found)
            or any(left.tells(one) for one in found.transfers)):
        yield cause.diagnosis(
            found, 'well', 'Nothing keeps the image: it is active.',
            cause.status(found),
            'It is in store %s.' % ', '.join(image.stores)
            if image.stores else '', severity=cause.INFO,
            confidence=cause.CERTAIN, remedy='Do nothing.')


def _busy(found: facts.Facts) -> bool:
    return found.running is not None and found.running.open
