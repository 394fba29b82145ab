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

from collections.abc import Iterator
import contextlib

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions

BAD = 1
# Nothing is bad, but something could not be told.
UNKNOWN = 3
# Nothing is bad, and something will be.
WARNING = 4


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
