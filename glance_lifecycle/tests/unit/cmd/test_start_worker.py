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

"""How the worker starts, where eventlet is installed."""

import importlib.metadata
import pathlib
import subprocess
import sys
import tempfile
import unittest

_START = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from glance_lifecycle.cmd import start_worker
try:
    start_worker.main()
except SystemExit:
    pass
found = 'taskflow' in sys.modules, 'alembic' in sys.modules
# What the first job does.
import taskflow.engines
print(*found)
"""


_LACKING = """
import sys
sys.modules['openstack'] = None
from glance_lifecycle.cmd import start_worker
sys.exit(start_worker.main())
"""


class StartWorkerTest(unittest.TestCase):

    def test_no_sdk(self) -> None:
        done = subprocess.run([sys.executable, '-I', '-c', _LACKING],
                              check=False, capture_output=True, text=True)
        self.assertEqual(1, done.returncode)
        self.assertEqual(
            'glance-lifecycle-worker: The Python module openstack is not '
            'installed. Install what the worker needs: pip install '
            '"glance-lifecycle[worker]".\n', done.stderr)

    def test_imports(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        # Glance itself brings it in, before 33.
        if int(importlib.metadata.version('glance').partition('.')[0]) >= 33:
            # In the place of the real one, which may not be installed here.
            pathlib.Path(directory.name, 'eventlet.py').write_text(
                'raise RuntimeError("eventlet is imported")')
        done = subprocess.run(
            [sys.executable, '-I', '-c', _START, directory.name, '--version'],
            check=False, capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual('False False', done.stdout.splitlines()[-1])
