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

"""How ``glance-lifecycle-worker`` starts: without eventlet.

oslo.utils, for TaskFlow, and oslo.messaging import it where it is installed,
use it or not: a tenth of the start, 7 MiB, and modules of Python that it
replaces by its own. Nothing in the worker is green.
"""

import importlib.metadata
import importlib.util
import sys

# Glance imported it in any case before that.
_GLANCE = 33


def main() -> int:
    """:returns: see ``cmd.worker``"""
    if importlib.util.find_spec('openstack') is None:
        print('glance-lifecycle-worker: The Python module openstack is not '
              'installed. Install what the worker needs: pip install '
              '"glance-lifecycle[worker]".', file=sys.stderr)
        return 1
    without_eventlet()
    from glance_lifecycle.cmd import worker
    return worker.main()


def without_eventlet() -> None:
    """Whoever tries to import it finds that it is not there."""
    if importlib.util.find_spec('glance') is None or int(
            importlib.metadata.version('glance').partition('.')[0]
    ) >= _GLANCE:
        sys.modules.setdefault('eventlet', None)  # type: ignore[arg-type]


if __name__ == '__main__':
    sys.exit(main())
