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

"""Stage and HandOver: convert, and let Glance upload."""

import os
import time
from typing import Any

from oslo_log import log as logging
from taskflow import task

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.jobs import targets
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import policy
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.plugin.tasks import transfer
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.transfer import job as jobs
from glance_lifecycle.transfer import sink

LOG = logging.getLogger(__name__)

# Glance's staging cleaner knows <image id>.<anything>.
SUFFIX = '.raw'


class Stage(task.Task):
    """Writes a raw file beside the staged one, as image_conversion does.

    Provides ``lifecycle_result`` as Transfer does; without conversion only
    its ``digests``, empty.
    """

    default_provides = 'lifecycle_result'

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-stage')
        self._session = session

    def execute(self, lifecycle_plan: dict[str, Any]) -> dict[str, Any]:
        session = self._session
        with session.reporting():
            plan = plans.Plan.from_dict(lifecycle_plan)
            # Before any work: Glance's drivers would find it only at the
            # end, or not at all: that of Swift overwrites what is there.
            for target in targets.targets(plan.stores):
                _absent(session, target)
            if not plan.convert:
                return {'digests': {}}
            name = session.glance.image_id + SUFFIX
            directory = plan.staging_dir
            session.note(scratch=[os.path.join(directory, name)])
            wanted = transfer.digests(plan) if plan.resign else []
            return transfer.run(
                session, plan, [targets.staging_target(directory, name)],
                wanted)

    def revert(self, *args: Any, **kwargs: Any) -> None:
        outcome.undo(self._session)


class HandOver(task.Task):
    """Provides ``file_path``, the file that Glance uploads and deletes.

    Decides on the image as it is then. It is Glance that activates it, after
    its uploads, and what is changed during those it does not look at.
    """

    default_provides = 'file_path'

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-hand-over')
        self._session = session

    def execute(self, file_path: str, lifecycle_plan: dict[str, Any],
                lifecycle_result: dict[str, Any],
                lifecycle_properties: dict[str, Any]) -> str:
        session = self._session
        with session.reporting():
            plan = plans.Plan.from_dict(lifecycle_plan)
            attributes: dict[str, Any] = {}
            _note_absent(session)
            if plan.convert:
                size = lifecycle_result['virtual_size']
                attributes = {'disk_format': plan.disk_format,
                              'size': size, 'virtual_size': size}

            def decide(now: policy_facts.Facts) -> tuple[
                    glance_host.Wanted, dict[str, Any]]:
                decided = policy.decide_again(plan, now)
                # On disk before the database: a death in between is undone.
                session.remember(now)
                return (policy.wanted(decided, lifecycle_properties),
                        attributes)

            # Also of an image stored as it came: it must not keep what its
            # user made look like ours.
            session.glance.replace_staged(decide)
            if plan.convert:
                # The staged file stays until all is well: should Glance's
                # upload fail, it is what its user imports again.
                assert session.journal is not None  # noqa: S101 - for mypy
                file_path = 'file://' + session.journal.record.scratch[0]
            return file_path


def _note_absent(session: sessions.Session) -> None:
    """Put on record what Glance's own uploads may leave in the stores.

    Its drivers write in place, and never tell what they have made. So what
    bears the image's name later on is its, if nothing does now.

    :raises StoreDuplicate: something does
    """
    assert session.journal is not None  # noqa: S101 - Admit saw to it
    found = targets.targets(session.stores)
    session.note(targets=found)
    marks = [_absent(session, target) for target in found]
    for target, mark in zip(found, marks, strict=True):
        session.journal.created(target.store, mark)
    if any(sink.BEGUN in mark for mark in marks):
        # What Glance began to upload at once could not be told from what was
        # there before, and so would stay if we died.
        time.sleep(sink.PRECISION)


def _absent(session: sessions.Session, target: jobs.Target) -> sink.Mark:
    """A mark for what Glance will make in a store.

    :raises StoreDuplicate: the store holds an object of that name
    """
    try:
        return target.absent(session.glance.image_id)
    except exceptions.StoreDuplicate:
        raise
    except exceptions.StoreError as error:
        # Away, or one that cannot say. Perhaps Glance can do without it.
        LOG.warning('Cannot tell what store %(store)s holds for image '
                    '%(image)s: %(error)s', {
                        'store': target.store, 'error': error,
                        'image': session.glance.image_id})
        return sink.since(time.time())
