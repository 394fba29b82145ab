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

"""Our errors, as the OpenStackClient shows errors: one line, no traceback.

And the exit codes of commands that judge. 0: all is good. 1: something is
bad, or the command could not run, as with every other command; 2 is that of
a wrong command line.
"""

import argparse
from collections.abc import Iterator
import contextlib
import sys

from osc_lib.command import command
from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions

BAD = 1
# Nothing is bad, but something could not be told.
UNKNOWN = 3
# Nothing is bad, and something will be.
WARNING = 4

# Shown as they are, names of strangers could move the cursor.
_VISIBLE = {code: '\\x%02x' % code
            for code in (*range(32), *range(127, 160))}


class Judging(command.Lister):
    """A list, and the exit code 1 if ``failed`` was set while it was made."""

    failed = False

    def run(self, parsed_args: argparse.Namespace) -> int:
        return super().run(parsed_args) or int(self.failed)


def visible(text: str) -> str:
    """What a stranger wrote, without what a terminal would obey."""
    return text.translate(_VISIBLE)


def agreed(nothing: str) -> None:
    """Ask the operator whether to go on.

    :param nothing: what is said if not, such as "Nothing was dropped"
    :raises CommandError: the answer is not yes
    """
    if not sys.stdin.isatty():
        raise osc_exceptions.CommandError(
            '%s: there is no terminal to ask on. Use --yes.' % nothing)
    sys.stderr.write('Go on? [y/N] ')
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ('y', 'yes'):
        raise osc_exceptions.CommandError(nothing + '.')


@contextlib.contextmanager
def errors() -> Iterator[None]:
    """:raises CommandError: for every LifecycleError"""
    try:
        yield
    except exceptions.LifecycleError as error:
        # Who runs a command on the host may know its paths.
        message = error.for_operator()
    else:
        return
    # No cause: with --debug, one of a key would be shown.
    raise osc_exceptions.CommandError(message)
