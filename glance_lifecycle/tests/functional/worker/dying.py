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
"""The worker, which dies while it takes something out of a file store.

Run in place of ``glance-lifecycle-worker``: nothing of the worker knows of it.
"""

import pathlib
import sys

from glance_lifecycle.tests.functional.fixtures import points
from glance_lifecycle.tests.functional.fixtures import worker_loaded

#: What does something, or judges.
CALLS = ('_put', 'move', '_unchanged', '_durable', 'away', 'restore')

_AFTER = ('glance_lifecycle.transfer.backends.file.quarantine:'
          'FileQuarantine.put')


def main() -> int:
    # Before which of these calls, with its master.
    number = int(pathlib.Path(sys.argv.pop(1)).read_text())
    points.Kill(CALLS, _AFTER, number, parent=True)()
    return worker_loaded.main()


if __name__ == '__main__':
    sys.exit(main())
