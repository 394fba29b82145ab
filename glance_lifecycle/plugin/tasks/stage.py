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

"""Stage: convert within the staging directory, and let Glance upload."""

import os
from typing import Any

from taskflow import task

from glance_lifecycle.plugin import outcome
from glance_lifecycle.plugin import session as sessions
from glance_lifecycle.plugin import targets
from glance_lifecycle.plugin.tasks import transfer

# Glance's staging cleaner knows <image id>.<anything>.
SUFFIX = '.raw'


class Stage(task.Task):
    """Replaces the staged file by a raw one, as image_conversion does.

    Provides ``file_path``, the file that Glance uploads and deletes.
    """

    default_provides = 'file_path'

    def __init__(self, session: sessions.Session) -> None:
        super().__init__(name='lifecycle-stage')
        self._session = session

    def execute(self, file_path: str, lifecycle_plan: dict[str, Any]) -> str:
        session = self._session
        with session.reporting():
            # What Glance's own uploads may leave in the stores if we die.
            session.note(targets=_known_targets(session))
            if not lifecycle_plan['convert']:
                return file_path
            path = self._convert(lifecycle_plan)
            os.unlink(session.journal.record.staged)  # type: ignore
            return 'file://' + path

    def _convert(self, plan: dict[str, Any]) -> str:
        session = self._session
        name = session.glance.image_id + SUFFIX
        path = os.path.join(plan['staging_dir'], name)
        session.note(scratch=[path])
        result = transfer.run(
            session, plan,
            [targets.staging_target(plan['staging_dir'], name)], [])
        session.glance.replace_staged(
            disk_format=plan['disk_format'], size=result['virtual_size'],
            virtual_size=result['virtual_size'])
        return path

    def revert(self, *args: Any, **kwargs: Any) -> None:
        outcome.undo(self._session)


def _known_targets(session: sessions.Session) -> list[Any]:
    if not session.stores:
        return []
    return targets.targets(session.stores)
