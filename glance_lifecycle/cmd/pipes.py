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

"""What commands print, for whoever reads it."""

from collections.abc import Iterator
import contextlib
import os
import sys


@contextlib.contextmanager
def until_enough() -> Iterator[None]:
    """A reader that has enough, such as head, is no error.

    Not by SIGPIPE, which would also be that of a database that goes away.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        # Python tries the rest again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
