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

"""Follows an import in Glance's database.

Not by the API: twenty requests a second cost glance-api a fifth of a core,
which is most of what a small import costs and would count as its own.
"""

import pathlib
import sqlite3
import time

_INTERVAL = 0.005


class ImportFailed(Exception):
    """The import did not end with an active image; the text tells why."""


class Watch:
    """One image's import; for a glance-api on SQLite.

    :param timeout: seconds that any wait may take
    """

    def __init__(self, database: pathlib.Path, image_id: str,
                 timeout: float) -> None:
        self._connection = sqlite3.connect(
            f'file:{database}?mode=ro', uri=True, timeout=30)
        self._image_id = image_id
        self._timeout = timeout

    def close(self) -> None:
        self._connection.close()

    def until_active(self) -> None:
        """Return as soon as the image is active.

        :raises ImportFailed: its task failed, or it takes too long
        """
        self._until('active', 'select status from images where id = ?')

    def until_in(self, store: str) -> None:
        """Return as soon as the image has a location in that store.

        :raises ImportFailed: its task failed, or it takes too long
        """
        self._until(store, "select json_extract(meta_data, '$.store') "
                    'from image_locations where image_id = ? '
                    'and deleted = 0 order by id desc limit 1')

    def _until(self, value: str, statement: str) -> None:
        deadline = time.monotonic() + self._timeout
        while self._one(statement) != value:
            if self._task() == 'failure' or time.monotonic() > deadline:
                raise ImportFailed(
                    f'image {self._image_id}: task {self._task()}: '
                    f'{self._message()}')
            time.sleep(_INTERVAL)

    def until_ended(self) -> None:
        """Return when nothing of the import runs any more.

        :raises ImportFailed: it takes too long
        """
        deadline = time.monotonic() + self._timeout
        while self._task() not in ('success', 'failure') or self._locked():
            if time.monotonic() > deadline:
                raise ImportFailed(f'image {self._image_id}: does not end')
            time.sleep(_INTERVAL)

    def _task(self) -> str | None:
        return self._one(
            'select status from tasks where image_id = ? '
            'order by created_at desc limit 1')

    def _locked(self) -> bool:
        return self._one(
            "select 1 from image_properties where image_id = ? and "
            "name = 'os_glance_import_task' and deleted = 0") is not None

    def _message(self) -> str | None:
        return self._one(
            'select message from task_info join tasks on id = task_id '
            'where image_id = ?')

    def _one(self, statement: str) -> str | None:
        row = self._connection.execute(
            statement, (self._image_id,)).fetchone()
        return row[0] if row else None
