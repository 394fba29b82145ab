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

"""What a command asks before anything is changed for good."""

import sys


def agreed() -> bool:
    """Whether the operator has said yes; it was shown before what to.

    If not, the command ends with 1: a script has to see that nothing was
    done.
    """
    if not sys.stdin.isatty():
        print('There is no terminal to ask on. Use --yes.', file=sys.stderr)
        return False
    print('Go on? [y/N] ', end='', file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ('y', 'yes')
