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

"""All causes asked, the surest and the worst first."""

from glance_lifecycle.audit.diagnosis import cause
from glance_lifecycle.audit.diagnosis.causes import failed
from glance_lifecycle.audit.diagnosis.causes import importing
from glance_lifecycle.audit.diagnosis.causes import left
from glance_lifecycle.audit.diagnosis.causes import stored
from glance_lifecycle.audit.diagnosis.causes import waiting
from glance_lifecycle.audit.diagnosis import facts

CAUSES: tuple[cause.Cause, ...] = (
    importing.running, left.import_dead, left.import_handed,
    importing.silent, importing.waits_for_worker, importing.lock_left,
    importing.lock_taken, importing.abandoned, failed.task_failed,
    failed.refused_at_once, waiting.never_imported, waiting.staged_elsewhere,
    waiting.without_data, waiting.upload_cut, stored.store_gone,
    stored.copies_failed, stored.copies_unfinished, left.copy_dead,
    left.left_over, left.copy_runs, stored.deactivated,
    stored.pending_delete, stored.killed, stored.well)

#: Of images that wait for something, or are good for nothing.
STUCK = ('queued', 'saving', 'uploading', 'importing', 'pending_delete',
         'killed')


def diagnose(found: facts.Facts) -> list[cause.Diagnosis]:
    """At least one: that nothing is known is said, too."""
    causes = [one for rule in CAUSES for one in rule(found)]
    return sorted(causes or [_unknown(found)], key=lambda one: (
        one.severity.rank, one.confidence.rank))


def is_stuck(image: facts.Image) -> bool:
    """Whether there is a question about it."""
    return image.status in STUCK or bool(
        image.lock or image.failed or image.importing)


def _unknown(found: facts.Facts) -> cause.Diagnosis:
    lacking = [text for text, known in (
        ('its tasks (as its owner, or an administrator)', found.tasks),
        ('the state of its host (--config-dir)', found.here),
        ('the logs of glance-api (--read-log, --journal)',
         found.lines)) if known is None]
    newest = found.newest
    return cause.diagnosis(
        found, 'unknown', 'Why it is so cannot be told.',
        cause.status(found), cause.task(found, newest) if newest else '',
        'Not looked at: %s.' % ', '.join(lacking) if lacking else
        'All that can be looked at was.', severity=cause.UNKNOWN,
        confidence=cause.POSSIBLE, waiting=cause.Waiting.UNKNOWN,
        remedy='Look at what was not looked at.' if lacking else
        'Report it, with the evidence.')
