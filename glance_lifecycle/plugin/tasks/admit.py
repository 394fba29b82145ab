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

"""Admit: look before any work, and refuse with a reason."""

import dataclasses
import os
import stat
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging
from taskflow import task

from glance_lifecycle import exceptions
from glance_lifecycle import glance_host
from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import plan as plans
from glance_lifecycle.plugin import policy
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.policy import facts as policy_facts
from glance_lifecycle.recovery import recovering
from glance_lifecycle.transfer.formats import containers
from glance_lifecycle.transfer.formats import inspect
from glance_lifecycle.transfer import opening

CONF = cfg.CONF
LOG = logging.getLogger(__name__)


class Admit(task.Task):
    """Decides whether and how the staged image comes in.

    Provides ``lifecycle_plan``: ``plan.Plan`` as plain data.

    As the first of our tasks, its revert is the last: it puts the image
    into a state that its user can act on.
    """

    default_provides = 'lifecycle_plan'

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-admit')
        self._session = session

    def execute(self, file_path: str) -> dict[str, Any]:
        session = self._session
        with session.reporting():
            # First: recovery leaves alone what somebody is importing.
            recovering.clear(CONF.lifecycle.state_dir, session.glance.image_id,
                             session.glance.task_id)
            recovering.at_first_import()
            if session.broken is not None:
                raise session.broken
            if not session.direct:
                LOG.info('Image %(image)s is imported in staged mode: '
                         '%(why)s', {'image': session.glance.image_id,
                                     'why': session.staged_reason})
            directory, name = glance_host.staged_path(file_path)
            facts = session.glance.facts()
            session.note(staged=os.path.join(directory, name),
                         disk_format=facts.disk_format,
                         container_format=facts.container_format)
            session.opened(open_staged(directory, name))
            plan = _plan(session, facts, directory)
            session.glance.announce(plan.stores)
            return plan.to_dict()

    def revert(self, *args: Any, **kwargs: Any) -> None:
        outcome.failed(self._session)


class Refuse(task.Task):
    """Stands in for the flow that could not be built."""

    def __init__(self, error: Exception) -> None:
        super().__init__(name='lifecycle-refuse')
        self._error = error

    def execute(self) -> None:
        raise glance_host.UserError(
            'The lifecycle plugin cannot work (%s), so nothing is imported; '
            'the log of glance-api has the details.'
            % type(self._error).__name__)


def open_staged(directory: str, name: str) -> int:
    """Open the staged file, once: what is checked is what is then read."""
    try:
        parent = os.open(directory, os.O_RDONLY | os.O_DIRECTORY
                         | os.O_CLOEXEC)
        try:
            fd = opening.open_image(name, parent)
        finally:
            os.close(parent)
    except OSError as error:
        raise exceptions.SourceError(
            detail='the staged file cannot be opened (%s). Was it staged on '
            'another host?' % error.strerror) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise exceptions.SourceError(detail='it is not a regular file')
    return fd


def _plan(session: sessions.Session, facts: policy_facts.Facts,
          directory: str) -> plans.Plan:
    size = os.fstat(session.fd).st_size
    if session.glance.method == 'glance-direct':
        _check_size(size, facts.size or 0)
    found = _inspect(session, facts)
    plan = policy.make(
        session, dataclasses.replace(facts, size=size), found.reader,
        found.virtual_size or 0, directory)
    if not plan.convert:
        containers.check_layout(session.fd, found)
    stored_size = plan.virtual_size or size if plan.convert else size
    session.glance.check_room(size, stored_size, len(plan.stores) or 1)
    return plan


def _check_size(size: int, staged: int) -> None:
    # Glance before 33 notes no new size for what it has unpacked.
    if staged not in (0, size) and not (
            size > staged and glance_host.is_unpacked()):
        raise exceptions.ImageRefused(
            reason='truncated', detail='%d bytes were staged, but %d are '
            'there. Stage the image again' % (staged, size))


def _inspect(session: sessions.Session,
             facts: policy_facts.Facts) -> inspect.Inspection:
    container = facts.container_format or ''
    if container != 'bare':
        # First whether such a container may come in at all: that says more
        # than what is wrong with it.
        size = os.fstat(session.fd).st_size
        policy.decide(dataclasses.replace(
            facts, size=size, virtual_size=size,
            stores=tuple(session.stores)))
    rules = inspect.Rules(**glance_host.allowed_inspections(),
                          extended_l2=CONF.lifecycle.convert)
    found = containers.look(session.fd, container, facts.disk_format or '',
                            rules)
    for check in found.tolerated:
        LOG.warning('Image %(image)s fails the safety check %(check)s, which '
                    'is tolerated.', {'image': session.glance.image_id,
                                     'check': check})
    return found
