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

"""Files that the operator names to a command, and what is made of them."""

from collections.abc import Callable
from typing import TypeVar

from osc_lib import exceptions as osc_exceptions

from glance_lifecycle import exceptions

Made = TypeVar('Made')


def load(path: str, most: int, make: Callable[[bytes], Made]) -> Made:
    """What is in a file; whatever is wrong with it, the file is named.

    :param most: see ``read``
    :param make: of its bytes
    :raises CommandError: it cannot be read, or ``make`` raised LifecycleError
    """
    try:
        return make(read(path, most))
    except exceptions.LifecycleError as error:
        message = '%s cannot be used: %s' % (path, error.detail)
    raise osc_exceptions.CommandError(message)


def read(path: str, most: int) -> bytes:
    """One byte more than that, if there are more.

    :raises CommandError: it cannot be read
    """
    try:
        with open(path, 'rb') as file:
            return file.read(most + 1)
    except OSError as error:
        raise osc_exceptions.CommandError('%s cannot be read: %s.' % (
            path, error.strerror)) from None
