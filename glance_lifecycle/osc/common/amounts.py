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

"""Numbers on a command line."""

import argparse
from collections.abc import Callable

HOUR = 3600.0
DAY = 24 * HOUR


def hours(text: str) -> float:
    return _between(text, 0.0, 1e6, 'hours')


def days(text: str) -> float:
    return _between(text, 0.0, 1e5, 'days')


def percent(text: str) -> float:
    return _between(text, 0.0, 100.0, 'percent, from 0 to 100')


def _between(text: str, least: float, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    # Not "nan", either.
    if not least <= number <= most:
        raise argparse.ArgumentTypeError('"%s" is no number of %s.' % (
            text, what))
    return number


def number_from(least: int, most: int | None = None) -> Callable[[str], int]:
    def number(text: str) -> int:
        try:
            found = int(text)
        except ValueError:
            found = least - 1
        if found < least or (most is not None and found > most):
            raise argparse.ArgumentTypeError(
                '"%s" is no number from %d %s.' % (
                    text, least, 'on' if most is None else 'to %d' % most))
        return found
    return number
